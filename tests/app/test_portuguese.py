"""A visit in Portuguese, and the switch between the languages."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest
from visits import hits_of, html_of, open_page

from core.config import artifacts_dir
from core.ui.words import words_in

pytestmark = pytest.mark.skipif(
    not (artifacts_dir() / "manifest.json").is_file(), reason="artifacts/ has not been built"
)
PT = words_in("pt_br")


def lang_of(page: AppTest) -> object:
    value = page.query_params.get("lang")
    return value[0] if isinstance(value, list) else value


def test_words_in_portuguese_are_searched_in_english_and_that_is_said() -> None:
    page, english = open_page(q="vestido vermelho", lang="pt-BR"), open_page(q="red dress")
    found = [(rank, id) for rank, id, _ in hits_of(english)]
    captions = [caption.value for caption in page.caption]
    assert PT.search.translated.format(meant="red dress", typed="vestido vermelho") in captions
    assert "Todos os cinco são vestidos vermelhos." in html_of(page)
    page.button(key="language-en").click().run()
    assert [(rank, id) for rank, id, _ in hits_of(page)] == found
    assert "Searched for “red dress”, which is “vestido vermelho” in English." in [c.value for c in page.caption]
    page.button(key="as-typed-vestido vermelho").click().run()
    assert page.query_params["q"] in ('"vestido vermelho"', ['"vestido vermelho"'])


def test_the_switch_changes_the_link_and_nothing_else() -> None:
    page = open_page("pages/1_Browse.py", catalogue="clothing", colours="red", page="2")
    before = dict(page.query_params)
    page.button(key="language-pt-BR").click().run()
    assert not page.exception
    assert lang_of(page) == "pt-BR"
    assert {name: value for name, value in page.query_params.items() if name != "lang"} == before
    assert PT.browse.heading in html_of(page)
    page.button(key="later").click().run()
    assert lang_of(page) == "pt-BR"
    page.button(key="language-en").click().run()
    assert lang_of(page) == "en"


def test_a_refusal_is_in_portuguese_and_a_number_has_its_signs() -> None:
    page = open_page(sample="spaceship", lang="pt")
    assert page.error[0].value.startswith("Não existe exemplo com o nome 'spaceship'")
    assert "75.398 peças" in html_of(open_page(lang="pt-PT"))
    assert "75,398 pieces" in html_of(open_page(lang="de"))


def test_options_are_said_in_portuguese_and_kept_as_ids() -> None:
    page = open_page(sample="dress", lang="pt-BR", colours=["multi"], kinds=["clothing/Dress"])
    chips = [button.label for button in page.button if str(button.key).startswith("chip-")]
    assert set(chips) == {"Só colorido", "Só Vestido · Fotos de roupas"}
