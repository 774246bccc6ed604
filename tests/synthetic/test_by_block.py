"""What the generator works out by blocks of bytes, tables and pieces gives what the plain way gives, number by number."""

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from synthetic import generate
from synthetic.defects.identity import order_by_name
from synthetic.defects.recording import month_of
from synthetic.randomness import PIECE, child, draw, name_key
from synthetic.recording.tables import DIGITS, coded, numbered, phone_texts

KEYS = child(np.full(3 * PIECE + 5, name_key("block")), np.arange(3 * PIECE + 5))


def test_a_code_is_the_upper_55_bits_of_a_key_to_base_32() -> None:
    keys = KEYS[:50]
    spelt = ["P-" + "".join(chr(DIGITS[(key >> (59 - 5 * place)) & 31]) for place in range(11)) for key in keys.tolist()]
    assert coded("P-", keys).array().to_pylist() == spelt
    rows = np.array([3, -1, 49])
    assert coded("P-", keys).take_or_null(rows).to_pylist() == [spelt[3], None, spelt[49]]
    assert coded("P-", keys[:0]).take_or_null(np.array([-1])).to_pylist() == [None]


def test_numbers_are_written_in_so_many_digits() -> None:
    numbers = np.array([0, 7, 12, 99])
    for width in (2, 3, 4, 7, 15):
        assert numbered("u", numbers, width).to_pylist() == [f"u{number:0{width}d}" for number in numbers.tolist()]
    largest = np.array([987_654_321_012_345, 10**15 - 1])
    assert numbered("h-", largest, 15, largest > 10**15 - 2).to_pylist() == [None, "h-999999999999999"]
    assert phone_texts(np.array([-1, 123_456_789])).to_pylist() == [None, "06123456789"]


def test_a_number_drawn_depends_on_its_key_alone_and_leaves_the_keys_as_they_are() -> None:
    before = KEYS.copy()
    drawn = draw(KEYS, "what")
    assert (before == KEYS).all()
    assert drawn.min() >= 0
    assert drawn.max() < 1
    for row in (0, 1, PIECE - 1, PIECE, len(KEYS) - 1):
        value = int(KEYS[row]) + int(name_key("what")) & (1 << 64) - 1
        value = (value ^ value >> 30) * 0xBF58476D1CE4E5B9 & (1 << 64) - 1
        value = (value ^ value >> 27) * 0x94D049BB133111EB & (1 << 64) - 1
        assert drawn[row] == ((value ^ value >> 31) >> 11) * 2.0**-53


def test_months_of_days_are_those_of_the_calendar() -> None:
    days = np.arange(-25_567, 25_000, 13, dtype=np.int32)
    assert (month_of(days) == days.astype("datetime64[D]").astype("datetime64[M]").astype(int)).all()
    assert not len(month_of(days[:0]))


def test_people_of_one_name_and_birthday_are_in_order_of_their_keys() -> None:
    keys = KEYS[:400]
    surname, forename, born = (np.asarray(keys % np.uint64(below)).astype(np.int32) - 1 for below in (3, 4, 2))
    assert (order_by_name(surname, forename, born, keys) == np.lexsort((keys, born, forename, surname))).all()
    assert not len(order_by_name(surname[:0], forename[:0], born[:0], keys[:0]))


def test_a_file_has_the_ranges_of_its_dates_and_not_of_its_texts(tmp_path: Path) -> None:
    dataset = generate(tmp_path / "out", forces=["durnley"], years=0.25, scale=0.02)
    file = pq.ParquetFile(dataset.files("crimes")[0])
    columns = [file.metadata.row_group(0).column(place) for place in range(file.metadata.num_columns)]
    ranged = {column.path_in_schema for column in columns if column.is_stats_set}
    assert {"recorded_on", "reported_on", "occurred_on"} <= ranged
    assert not ranged & {"crime_id", "force", "offence_code", "postcode"}
