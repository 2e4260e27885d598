"""The credits page names every photo, as the table says today."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from coursekit.data import copies, photo, photos, wheel_photos
from coursekit.data.credits import BEGIN, END, credits_list, licence_url, with_credits

PAGE = Path(__file__).parents[2] / "chapters" / "credits.md"


def test_the_page_in_the_book_is_up_to_date():
    page = PAGE.read_text(encoding="utf-8")
    assert page == with_credits(page), "run `python -m coursekit.data.credits`"


def test_the_page_names_and_links_every_photo():
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    for one in photos():
        (line,) = [line for line in lines if f"[{one.name}](" in line]
        assert f"https://github.com/{one.repository}/blob/{one.commit}/" in line, one.name
        assert f"[{one.licence}](" in line or one.licence == "Public domain", one.name
        assert re.sub(r"([_\[\]])", r"\\\1", one.author) in line or "http" in one.author, one.name
        assert one.source_page is None or f"(<{one.source_page}>)" in line, one.name


def test_the_page_names_the_photos_of_other_packages():
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if "from scikit-learn" in line] == [
        "- **Summer Palace, Beijing** ([china](<https://www.flickr.com/photos/danielbuechele/"
        "6061409035/>)): danielbuechele (Flickr); "
        "[CC BY 2.0](https://creativecommons.org/licenses/by/2.0/); from scikit-learn",
        "- **Dahlia** ([flower](<https://www.flickr.com/photos/vultilion/6056698931/>)): "
        "vultilion (Flickr); "
        "[CC BY 2.0](https://creativecommons.org/licenses/by/2.0/); from scikit-learn",
    ]


def test_whatever_is_copied_is_credited():
    credited = {one.name for one in photos()} | {one.name for one in wheel_photos()}
    assert {query.original.name for query in copies().queries} <= credited
    for query in copies().queries:
        assert query.original.licence in query.credit


@pytest.mark.parametrize(
    "name",
    [
        "Diane Larlus",
        "Karteek Alahari",
        "F. Perronnin",
        "CS231n",
        "Martin Görner",
        "Andrej Karpathy",
        "TensorFlow for Deep Learning",
    ],
)
def test_the_page_names_whom_the_lecture_credits(name):
    assert name in PAGE.read_text(encoding="utf-8")


def test_a_line_reads():
    assert credits_list([photo("d_zoo_pufferfish_0")]) == (
        "- **Pufferfish** ([d_zoo_pufferfish_0]"
        "(<https://github.com/ezfibuilds/NPC-Thought-Starter-Generator/blob/"
        "acfdfec38c3406af176513fe15da02d9d49240fa/images/animals/pufferfish.webp>)): "
        "NPS photo - Bill Eichenlaub - [www.nps.gov]"
        "(<http://www.nps.gov/archive/npsa/NPSAfish/fish_pops/tetraodon/puffer04.htm>); "
        "Public domain; from ezfibuilds/NPC-Thought-Starter-Generator, [source page](<https://commons.wikimedia.org/w/index.php?curid=1352380>)"
    )


def test_views_of_one_source_share_a_line_and_others_do_not():
    assert len(credits_list(photos(group="skull")).splitlines()) == 1
    assert len(credits_list(photos(group="eiffel")).splitlines()) == 4
    assert credits_list([]) == ""
    by_two = [photo("skull_0"), replace(photo("skull_1"), author="Somebody else")]
    assert len(credits_list(by_two).splitlines()) == 2


def test_markdown_in_a_name_is_taken_literally():
    assert r"Ana\_Cotta" in credits_list([photo("d_zoo_toucan_0")])


@pytest.mark.parametrize(
    ("licence", "url"),
    [
        ("CC0 1.0", "https://creativecommons.org/publicdomain/zero/1.0/"),
        ("CC BY 2.5", "https://creativecommons.org/licenses/by/2.5/"),
        ("CC BY-SA 3.0 pl", "https://creativecommons.org/licenses/by-sa/3.0/pl/"),
        ("MIT", "https://opensource.org/license/mit"),
        ("Public domain", None),
    ],
)
def test_where_a_licence_can_be_read(licence, url):
    assert licence_url(licence) == url


def test_unknown_licence_is_refused():
    message = r"^licence: expected a licence of the photographs, got 'CC BY-NC 4\.0'$"
    with pytest.raises(ValueError, match=message):
        licence_url("CC BY-NC 4.0")


@pytest.mark.parametrize("missing", [BEGIN, END])
def test_page_without_a_mark_is_refused(missing):
    page = f"{BEGIN}\n{END}\n".replace(missing, "")
    with pytest.raises(ValueError, match=rf"^page: expected the line '{missing}', got none$"):
        with_credits(page)


def test_what_stands_round_the_marks_is_kept():
    page = with_credits(f"before\n\n{BEGIN}\nold\n{END}\nafter\n")
    assert page.startswith(f"before\n\n{BEGIN}\n\n### The places")
    assert page.endswith(f"\n\n{END}\nafter\n")
    assert "old\n" not in page
