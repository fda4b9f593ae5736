from pathlib import Path

from ivr.definition.reading import parse_dialog
from ivr.lint.likeness import CONFUSABLE, Sentence, alike, alike_in_meaning, likeness_problems, sentences
from ivr.understanding.embedding import installed

TEXT = """itr: 1
name: d
languages: [en, zh]
start: a
human: {queue: q}
nodes:
  a: {say: A, examples: {en: [where is my parcel, track a package], zh: [我的包裹到哪了]}}
  b:
    say: B
    examples:
      - Where is my parcel?
      - I want a refund
      - 我的包裹到哪里了
"""
DEFINITION = parse_dialog(TEXT, Path("d.yaml"))


def test_confusable_sentences_are_told_with_the_pair_and_the_score() -> None:
    (same,) = likeness_problems(DEFINITION)

    assert str(same) == (
        "d.yaml:11: nodes.b.examples[0]: “Where is my parcel?” is like “where is my parcel” of a, at line 7 (score 1.00). "
        "Reword one of the two, or move it to where it belongs"
    )


def test_one_letter_more_makes_no_other_sentence_in_chinese_either() -> None:
    others = [
        Sentence(f"n{place}", text, (place,)) for place, text in enumerate(["查一下账单", "I want a refund", "where is it"])
    ]
    (pair,) = alike([Sentence("a", "我的包裹到哪了", ("a",)), Sentence("b", "我的包裹到哪里了", ("b",)), *others])

    assert CONFUSABLE <= pair.score < 1


def test_sentences_of_one_node_may_be_alike() -> None:
    assert alike([Sentence("a", "where is it", ("a",)), Sentence("a", "where is it", ("b",))]) == []


def test_most_alike_comes_first_and_strangers_not_at_all() -> None:
    texts = ["cancel my order", "cancel my order now", "cancel my order", "how much is it", ""]
    pairs = alike([Sentence(f"n{place}", text, (place,)) for place, text in enumerate(texts)])

    assert [pair.score for pair in pairs] == sorted((pair.score for pair in pairs), reverse=True)
    assert (pairs[0].one.text, pairs[0].other.text, pairs[0].score > 0.999) == (texts[0], texts[2], True)
    assert all(pair.score >= CONFUSABLE for pair in pairs)


def test_all_sentences_know_where_they_stand() -> None:
    assert [DEFINITION.document.place(each.key).line for each in sentences(DEFINITION)] == [7, 7, 7, 11, 12, 13]


def about(node: str, *texts: str) -> list[Sentence]:
    return [Sentence(node, text, (node, place)) for place, text in enumerate(texts)]


OTHERS = [
    *about("bill", "how much is my bill", "what do I owe you", "我要查账单", "上个月的费用明细"),
    *about("password", "I forgot my password", "my account is locked", "登录不上去", "账号被锁住了"),
    *about("drivers", "courier wages", "overtime was not paid", "送货员薪水问题", "司机的奖金"),
]


def test_what_means_the_same_in_other_words_is_told_by_its_meaning() -> None:
    embedding = installed()
    assert embedding is not None
    given = [*OTHERS, *about("login", "I do not remember my password", "show me the app")]

    assert alike(given) == []
    (pair,) = alike_in_meaning(given, embedding)
    assert (pair.one.text, pair.other.text) == ("I forgot my password", "I do not remember my password")


def test_sentences_of_one_trade_are_no_pair() -> None:
    embedding = installed()
    assert embedding is not None

    assert alike_in_meaning(OTHERS, embedding) == []
    assert alike_in_meaning([], embedding) == []


def test_two_nodes_are_told_of_once_by_the_worse_of_both_views() -> None:
    more = "".join(f"  n{place}: {{say: N, examples: [{each.text}]}}\n" for place, each in enumerate(OTHERS))
    found = list(likeness_problems(parse_dialog(TEXT + more, Path("d.yaml")), installed()))

    assert len([problem for problem in found if "of a, at line 7" in problem.what]) == 1
    assert "score 1.00" in found[0].what
