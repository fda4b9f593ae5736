"""How vendors of speech want requests signed. Pure; tested with the examples that they publish."""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from urllib.parse import quote, urlencode, urlsplit


def iflytek_url(url: str, key: str, secret: str, date: str) -> str:
    """Return an address of iFlytek's with its signature.

    Its example is published at xfyun.cn/doc/asr/voicedictation/API.html.

    Args:
        date: In GMT, as RFC 1123 has it; five minutes at most from the vendor's clock.
    """
    parts = urlsplit(url)
    told = f"host: {parts.netloc}\ndate: {date}\nGET {parts.path} HTTP/1.1"
    signature = base64.b64encode(hmac.new(secret.encode(), told.encode(), hashlib.sha256).digest()).decode()
    about = f'api_key="{key}", algorithm="hmac-sha256", headers="host date request-line", signature="{signature}"'
    asked = {"authorization": base64.b64encode(about.encode()).decode(), "date": date, "host": parts.netloc}
    return f"{url}?{urlencode(asked, quote_via=quote)}"


def aliyun_query(asked: Mapping[str, str], secret: str) -> str:
    """Return a query of Aliyun's RPC style with its signature, for GET.

    Its example is published at help.aliyun.com/zh/isi/getting-started/use-http-or-https-to-obtain-an-access-token.
    """
    query = "&".join(f"{_encoded(name)}={_encoded(asked[name])}" for name in sorted(asked))
    told = f"GET&{_encoded('/')}&{_encoded(query)}"
    signature = base64.b64encode(hmac.new(f"{secret}&".encode(), told.encode(), hashlib.sha1).digest()).decode()
    return f"Signature={_encoded(signature)}&{query}"


def _encoded(text: str) -> str:
    return quote(text, safe="-_.~")
