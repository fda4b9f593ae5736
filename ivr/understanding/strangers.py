"""Sentences that hardly any dialog is made for: what a dialog with few examples takes for strange is measured on them."""

from typing import Final

STRANGERS: Final = (
    "sing me a song about the sea", "what is the capital of portugal", "tell me something funny", "how tall is that mountain",
    "who won the match last night", "will it rain tomorrow", "what is nine times twelve", "do you have feelings",
    "my cat does not like fish", "play some quiet music", "how do i bake bread", "which planet is the biggest",
    "wake me up at seven", "what rhymes with orange", "i am so tired of monday", "turn the lights off",
    "recommend me a film", "qwert zuiop", "my neighbour is too loud", "how do you say hello in greek",
    "唱首儿歌给我听", "葡萄牙的首都在哪", "说点好笑的事", "那座山有多高", "昨晚谁赢了球赛", "明天会下雨吗", "九乘十二等于几",
    "你有感情吗", "我家猫不爱吃鱼", "放点安静的音乐", "面包怎么烤", "哪颗行星最大", "七点叫我起床", "周一真累啊",
    "把灯关掉", "推荐一部电影", "啊啦啦啦", "邻居太吵了", "希腊语你好怎么说", "今晚吃什么好",
)  # fmt: skip
"""English and Chinese, half and half."""
