import pytest

from search.lexical.language import detect_language


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("pl", "Wniosek o urlop składa się na formularzu F-17."),
        ("pl", "Pracownik ma prawo do 26 dni urlopu wypoczynkowego."),
        ("pl", "Haslo musi miec co najmniej 14 znakow i nie moze zawierac nazwiska."),
        ("pl", "Prosze o przeslanie faktury za naprawe samochodu sluzbowego."),
        ("pl", "kraj | waluta | dieta za dobę | limit noclegu | uwagi"),
        ("en", "You get 20 days of annual leave a year."),
        ("en", "Report a lost laptop within 30 minutes."),
        ("de", "Die Garantie beträgt 24 Monate ab Endabnahme."),
        ("de", "Jede Dienstreise ist vor Antritt zu genehmigen."),
        ("cs", "Zaměstnanec má nárok na dovolenou v délce pěti týdnů."),
        ("cs", "Žádost o dovolenou se podává přes portál."),
        ("uk", "Працівник має право на щорічну відпустку."),
    ],
)
def test_short_texts(language: str, text: str) -> None:
    assert detect_language(text) == language


@pytest.mark.parametrize("text", ["", "  \n", "12 345,67 | 89", "E-341", "OK"])
def test_too_little_to_tell(text: str) -> None:
    assert detect_language(text) == "und"
