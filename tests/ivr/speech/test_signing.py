import base64
from urllib.parse import parse_qs, urlsplit

from ivr.speech.signing import aliyun_query, iflytek_url


def test_iflyteks_published_example() -> None:
    url = iflytek_url(
        "wss://iat-api.xfyun.cn/v2/iat",
        "keyxxxxxxxx8ee279348519exxxxxxxx",
        "secretxxxxxxxx2df7900c09xxxxxxxx",
        "Wed, 10 Jul 2019 07:35:43 GMT",
    )
    asked = parse_qs(urlsplit(url).query)
    published = (
        "YXBpX2tleT0ia2V5eHh4eHh4eHg4ZWUyNzkzNDg1MTlleHh4eHh4eHgiLCBhbGdvcml0aG09ImhtYWMtc2hhMjU2IiwgaGVhZGVycz0iaG9zdCBkYXRl"
        "IHJlcXVlc3QtbGluZSIsIHNpZ25hdHVyZT0iSHAzVHk0WmtTQm1MOGpLeU9McFFpdjlTcjVudm1lWUVIN1dzTC9aTzJKZz0i"
    )
    assert asked["authorization"] == [published]
    assert b'signature="Hp3Ty4ZkSBmL8jKyOLpQiv9Sr5nvmeYEH7WsL/ZO2Jg="' in base64.b64decode(asked["authorization"][0])
    assert "date=Wed%2C%2010%20Jul%202019%2007%3A35%3A43%20GMT" in url
    assert asked["host"] == ["iat-api.xfyun.cn"]


def test_aliyuns_published_example() -> None:
    asked = {
        "AccessKeyId": "my_access_key_id",
        "Action": "CreateToken",
        "Version": "2019-02-28",
        "Timestamp": "2019-04-18T08:32:31Z",
        "Format": "JSON",
        "RegionId": "cn-shanghai",
        "SignatureMethod": "HMAC-SHA1",
        "SignatureVersion": "1.0",
        "SignatureNonce": "b924c8c3-6d03-4c5d-ad36-d984d3116788",
    }
    assert aliyun_query(asked, "my_access_key_secret") == (
        "Signature=hHq4yNsPitlfDJ2L0nQPdugdEzM%3D&AccessKeyId=my_access_key_id&Action=CreateToken&Format=JSON&"
        "RegionId=cn-shanghai&SignatureMethod=HMAC-SHA1&SignatureNonce=b924c8c3-6d03-4c5d-ad36-d984d3116788&"
        "SignatureVersion=1.0&Timestamp=2019-04-18T08%3A32%3A31Z&Version=2019-02-28"
    )
