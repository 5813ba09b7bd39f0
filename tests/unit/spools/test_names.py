"""What a name in a queue directory says."""

from __future__ import annotations

from spools.core.names import Standing, data_name, id_of, standing_of


def test_which_names_are_control_files() -> None:
    names = ["qf1", "hf1", "Qf1", "tf1", "df1", "xf1", "qf", "core"]

    assert [standing_of(name) for name in names] == [*Standing, None, None, None, None]


def test_a_message_has_one_id_and_one_data_file_whatever_its_standing() -> None:
    for name in ("qf6AMK1", "hf6AMK1", "Qf6AMK1", "tf6AMK1"):
        assert (id_of(name), data_name(name)) == ("6AMK1", "df6AMK1")
