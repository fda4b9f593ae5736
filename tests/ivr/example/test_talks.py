"""The example's dialog with the example's systems, over HTTP."""

import pytest
from support.example_talk import example_talk


@pytest.mark.parametrize(
    ("language", "lines", "said"),
    [
        ("en", ["where is my parcel", "SF12345678"], "Your parcel is with the courier, it comes today, last seen in Hangzhou."),
        (
            "en",
            ["where is my parcel", "139 0013 9000"],
            "Your parcel is in the sorting centre, it comes tomorrow, last seen in Wuhan.",
        ),
        ("en", ["track a shipment", "M100001"], "Your parcel is with the courier, it comes today, last seen in Hangzhou."),
        ("en", ["how much is my bill", "M100001"], "This month's bill is 86.50 yuan, to be paid by 2026-12-10."),
        ("zh", ["我的包裹到哪了", "SF12345678"], "您的包裹快递员正在派送，今天送到，最近到达杭州。"),
        ("zh", ["帮我查一下快递", "幺三九零零幺三九零零零"], "您的包裹正在分拣中心，明天送到，最近到达武汉。"),
        ("zh", ["我要查账单", "M100002"], "本月账单是1240.00元，2026-12-10前付清。"),
    ],
)
async def test_what_the_company_knows_is_told(language: str, lines: list[str], said: str) -> None:
    async with example_talk(language) as talk:
        heard: list[str] = []
        for line in lines:
            heard = await talk.type(line)

        assert said in heard


@pytest.mark.parametrize(
    ("language", "lines", "unknown", "found"),
    [
        (
            "en",
            ["track a shipment", "SF00000000", "sorry, SF12345678"],
            "I find no such parcel. Please check the number and tell me again.",
            "Your parcel is with the courier, it comes today, last seen in Hangzhou.",
        ),
        (
            "zh",
            ["物流信息查询", "SF00000000", "说错了，是SF12345678"],
            "没有查到这个包裹，请核对号码再说一遍。",
            "您的包裹快递员正在派送，今天送到，最近到达杭州。",
        ),
    ],
)
async def test_a_wrong_number_is_told_and_the_corrected_one_found(
    language: str, lines: list[str], unknown: str, found: str
) -> None:
    async with example_talk(language) as talk:
        heard = [await talk.type(line) for line in lines]

        assert unknown in heard[1]
        assert found in heard[2]
        assert talk.asked == ["parcels", "parcels"]


@pytest.mark.parametrize(
    ("language", "line", "down", "human"),
    [
        ("en", "where is my parcel, SF12345678", "The parcel system does not answer just now.", "A human"),
        ("zh", "我的包裹到哪了，单号SF12345678", "物流系统暂时查不了，请稍后再试。", "人工"),
    ],
)
async def test_systems_that_are_down_are_told_of_and_lead_to_a_human(language: str, line: str, down: str, human: str) -> None:
    async with example_talk(language) as talk:
        talk.company.is_down = True

        assert down in await talk.type(line)
        await talk.type(human)

        assert talk.transfer is not None
        assert talk.transfer.target.queue == "support"
        assert [each.value for each in talk.transfer.gathered.slots] == ["SF12345678"]


async def test_a_plan_is_changed_only_when_it_is_confirmed() -> None:
    async with example_talk("en") as talk:
        await talk.type("change my plan")
        await talk.type("M100001")
        heard = await talk.type("premium")
        before = talk.company.members["M100001"].plan
        after = await talk.type("yes")

        assert heard == ["Change member M100001 to the plan premium, right?"]
        assert (before, talk.company.members["M100001"].plan) == ("standard", "premium")
        assert "All right, it begins next month." in after


async def test_a_link_for_a_new_password_goes_to_the_number_that_was_told() -> None:
    async with example_talk("zh") as talk:
        await talk.type("忘记密码了")
        await talk.type("13800138000")

        assert talk.company.resets == []
        assert "链接已经发出，十分钟内有效。" in await talk.type("对")
        assert talk.company.resets == ["+8613800138000"]


async def test_a_lost_parcel_goes_to_whoever_looks_for_it_with_its_number() -> None:
    async with example_talk("en") as talk:
        await talk.type("why has it not arrived")
        await talk.type("SF40404040")

        assert talk.transfer is not None
        assert talk.transfer.target.queue == "claims"
        assert [each.label for each in talk.transfer.gathered.path][1:] == ["tracking", "a missing parcel"]


async def test_a_driver_gets_to_payroll() -> None:
    async with example_talk("zh") as talk:
        await talk.type("我是司机，工资什么时候发")

        assert talk.transfer is not None
        assert talk.transfer.target.queue == "payroll"


@pytest.mark.parametrize(
    ("language", "question", "answer"),
    [
        ("en", "can I send a power bank", "Batteries inside a device go by road; loose batteries and power banks do not."),
        ("zh", "怎么开发票", "在小程序我的订单里申请，电子发票十分钟内发到邮箱。"),
    ],
)
async def test_a_question_is_answered_in_the_middle_of_a_wish(language: str, question: str, answer: str) -> None:
    async with example_talk(language) as talk:
        first = await talk.type({"en": "where is my parcel", "zh": "我的包裹到哪了"}[language])

        assert await talk.type(question) == [answer, *first]


@pytest.mark.parametrize(
    ("language", "lines", "said"),
    [
        (
            "en",
            ["which service suits me", "12", "tomorrow", "cheap"],
            "I suggest Standard: the next day, fourteen yuan for the first kilogram.",
        ),
        (
            "en",
            ["recommend a way to send this", "about 3 kilos", "no hurry", "as cheap as possible"],
            "I suggest Economy: three to five days, eight yuan for the first kilogram.",
        ),
        (
            "en",
            ["which service suits me", "twenty", "today", "whatever it costs"],
            "I suggest Same-day van: the same day by a van of its own, from eighty yuan.",
        ),
        ("zh", ["哪种服务适合我", "两公斤", "越快越好", "无所谓"], "建议您选同城急送：两小时送到，二十五元起。"),
        ("zh", ["推荐一个寄件方式", "四十公斤"], "建议您选大件物流：送货上楼，每公斤两元。"),
    ],
)
async def test_what_suits_best_is_recommended_after_two_or_three_questions(language: str, lines: list[str], said: str) -> None:
    async with example_talk(language) as talk:
        heard = [await talk.type(line) for line in lines]

        assert said in heard[-1]
        assert not any(each.startswith(("I suggest", "建议")) for earlier in heard[:-1] for each in earlier)


@pytest.mark.parametrize(
    ("language", "lines"), [("en", ["which service suits me", "900"]), ("zh", ["帮我选一下怎么寄", "九百公斤"])]
)
async def test_what_nothing_suits_goes_to_somebody_with_the_weight(language: str, lines: list[str]) -> None:
    async with example_talk(language) as talk:
        for line in lines:
            await talk.type(line)

        assert talk.transfer is not None
        assert talk.transfer.target.queue == "projects"
        assert [each.value for each in talk.transfer.gathered.slots] == ["900"]


async def test_a_recommendation_may_be_asked_for_again_with_other_answers() -> None:
    async with example_talk("en") as talk:
        first = [await talk.type(line) for line in ("which service suits me", "3", "today", "cheap")]
        second = [await talk.type(line) for line in ("which service suits me", "12", "some days are fine", "cheap")]

        assert [first[-1][0], second[-1][0]] == [
            "I suggest Flash: within two hours, from twenty-five yuan.",
            "I suggest Economy: three to five days, eight yuan for the first kilogram.",
        ]


@pytest.mark.parametrize(("language", "said"), [("en", "hello"), ("zh", "你好")])
async def test_who_greets_is_greeted_and_led_nowhere(language: str, said: str) -> None:
    async with example_talk(language) as talk:
        heard = await talk.type(said)

        assert heard[0].startswith(("Hello!", "您好！"))
        assert (talk.transfer, talk.asked, talk.state.finished) == (None, [], ("faq:greeting",))
