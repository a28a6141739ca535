"""`mygo explore` in a browser: what a person clicks and types, in headless Chromium by selenium."""

from __future__ import annotations

import shutil
import threading
from contextlib import contextmanager
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image
from token_fakes import Grey, Letters

from mygo_cli.runs import unseen_reading

webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
uvicorn = pytest.importorskip("uvicorn", reason="the extra explore is not installed")
pytest.importorskip("python_multipart", reason="the extra explore is not installed")

from selenium.webdriver.common.by import By  # noqa: E402
from selenium.webdriver.common.keys import Keys  # noqa: E402
from selenium.webdriver.support.ui import Select, WebDriverWait  # noqa: E402

PATIENCE = 20  # seconds that a busy machine may take for a page
LONG = "天地玄黄 宇宙洪荒 " + "Verwaltungsgemeinschaftsvorsitzendenstellvertreterin" * 2


@contextmanager
def serving(explorer):
    """Answer from a thread of this process; yield the address."""
    from mygo_cli.explore.app import address, explore_app, listen

    with listen("127.0.0.1", 0) as listening:
        config = uvicorn.Config(explore_app(explorer), log_level="critical")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            yield address(listening, "127.0.0.1", None)
        finally:
            server.should_exit = True
            thread.join()


@pytest.fixture(scope="module")
def site(trained, tmp_path_factory):
    """Yield the run that is looked at, and its address; uploads are read by small tokenizers."""
    from mygo_cli.explore.explorer import Explorer
    from mygo_cli.runs.opened import open_run

    def rebuilt(cache, device):
        pictures = cache.header.modality == "image"
        return SimpleNamespace(tokenizer=Grey() if pictures else Letters(), flag="the tokenizer")

    runs = shutil.copytree(trained, tmp_path_factory.mktemp("browsed") / "runs")
    with pytest.MonkeyPatch.context() as patch:
        for place in ("tokenizing.unseen", "tokens.show"):
            patch.setattr(f"mygo_cli.{place}.rebuild", rebuilt)
        unseen_reading._opened.cache_clear()
        explorer = Explorer(open_run(device="cpu", runs_dir=runs))
        with serving(explorer) as address:
            yield SimpleNamespace(explorer=explorer, address=address)
    unseen_reading._opened.cache_clear()


@pytest.fixture(scope="module")
def started():
    """Yield a browser, one for all tests as it takes a second to start."""
    found = {name: shutil.which(name) for name in ("chromium", "chromedriver")}
    for name, path in found.items():
        if path is None:
            pytest.skip(f"there is no {name}: apt-get install chromium chromium-driver")
    options = webdriver.ChromeOptions()
    options.binary_location = found["chromium"]
    for each in ("--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"):
        options.add_argument(each)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options, webdriver.ChromeService(found["chromedriver"]))
    driver.set_page_load_timeout(60)
    yield driver
    driver.quit()


class Visitor:
    """What a person does with a page; a wait is for what it waits for, never for a time."""

    def __init__(self, driver, site):
        self.driver, self.site = driver, site

    def open(self, page=""):
        self.driver.get(self.site.address + page)
        return self

    def one(self, selector):
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def all(self, selector):
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def until(self, holds):
        return WebDriverWait(self.driver, PATIENCE, 0.05).until(lambda _: holds())

    def texts(self, selector):
        script = "return [...document.querySelectorAll(arguments[0])].map(x => x.textContent)"
        return self.driver.execute_script(script, selector)

    def heading(self, words):
        self.until(lambda: any(words in each for each in self.texts("h1")))

    def press(self, *keys):
        webdriver.ActionChains(self.driver).send_keys(*keys).perform()

    def complaints(self):
        """Return what the console holds of errors: of the script, or what the policy blocked."""
        said = self.driver.get_log("browser")
        return [each["message"] for each in said if each["level"] == "SEVERE"]


@pytest.fixture
def visitor(started, site):
    started.set_window_size(1280, 900)
    visits = Visitor(started, site)
    visits.complaints()  # those of the test before
    return visits


def test_search_by_typing(visitor):
    visitor.open("entity?id=kenya")
    visitor.press("/")  # the search, from anywhere
    visitor.press("zea")
    visitor.until(lambda: visitor.texts(".found .name") == ["New Zealand"])
    assert visitor.one("#q").get_attribute("aria-expanded") == "true"
    visitor.press(Keys.ESCAPE)
    assert not visitor.one(".found").is_displayed()
    visitor.press(Keys.BACKSPACE)  # "ze": again
    visitor.until(lambda: visitor.one(".found").is_displayed())
    visitor.press(Keys.ARROW_DOWN, Keys.ENTER)
    visitor.heading("New Zealand")
    assert visitor.driver.current_url.endswith("/entity?id=new_zealand")
    assert visitor.complaints() == []


def test_an_entity_its_answers_and_why(visitor):
    visitor.open("?q=japan")
    visitor.one(".people a").click()
    visitor.heading("Japan")
    drawn = "return [...document.images].every(x => x.complete && x.naturalWidth > 0)"
    visitor.until(lambda: visitor.all(".pictures img") and visitor.driver.execute_script(drawn))
    visitor.one('.group a[href*="relation=grows"][href*="asked=tail"]').click()
    visitor.heading("(Japan, grows, ?)")
    assert visitor.texts(".ranked .place")[:3] == ["1", "2", "3"]
    known = len(visitor.all(".ranked .is-known"))
    assert known == 3
    visitor.one("input[name=known]").click()
    visitor.one(".ask button").click()
    visitor.until(lambda: "known=hide" in visitor.driver.current_url)
    assert not visitor.all(".ranked .is-known")
    first = visitor.one(".ranked .answer > a").text
    visitor.one(".ranked .answer p a").click()
    visitor.heading(f"{first} as the answer to (Japan, grows, ?)")
    assert visitor.all("img.tinted")
    assert visitor.complaints() == []


def test_verdicts_stay_on_the_page(visitor, site):
    page = "rank?head=kenya&relation=likes&known=hide"
    visitor.open(page)
    form = visitor.one(".ranked form.verdict")
    fact = [form.find_element(By.NAME, name).get_attribute("value")
            for name in ("head", "relation", "tail")]  # fmt: skip

    def pressed():
        return [each.get_attribute("value") for each in visitor.all('[aria-pressed="true"]')]

    for verdict in ("accept", "reject"):
        visitor.one(f".ranked button[value={verdict}]").click()
        visitor.until(lambda said=verdict: pressed() == [said])
        last = site.explorer.verdicts.path.read_text(encoding="utf-8").splitlines()[-1]
        assert last.split("\t")[1:] == [*fact, verdict]
    visitor.open(page)
    assert pressed() == ["reject"]
    visitor.driver.set_network_conditions(offline=True, latency=0, throughput=1)
    try:
        visitor.one(".ranked button[value=accept]").click()
        visitor.until(lambda: "does not answer" in "".join(visitor.texts(".said")))
    finally:
        visitor.driver.delete_network_conditions()
    assert pressed() == ["reject"]


def test_ask_by_a_picture_and_a_text(visitor, tmp_path):
    pixels = np.random.default_rng(7).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "own.png")
    visitor.open("unseen")
    visitor.one("input[type=file]").send_keys(str(tmp_path / "own.png"))
    visitor.one("textarea").send_keys("A country <b>that</b> is called x.")
    Select(visitor.one("select[name=relation]")).select_by_visible_text("grows")
    visitor.one(".ask button").click()
    visitor.heading("(the new entity, grows, ?)")
    assert len(visitor.all(".ranked li")) == 20
    assert visitor.texts(".asked") == ["A country <b>that</b> is called x."]
    assert visitor.one(".asked img").get_property("naturalWidth") > 0
    assert visitor.complaints() == []


def test_a_script_that_is_called_a_picture(visitor, tmp_path):
    (tmp_path / "a.png").write_text("<script>document.title = 'taken over'</script>")
    visitor.open("unseen")
    visitor.one("input[type=file]").send_keys(str(tmp_path / "a.png"))
    visitor.one(".ask button").click()
    visitor.heading("The picture cannot be used")
    assert "taken over" not in visitor.driver.title


@pytest.mark.parametrize(
    ("page", "said"),
    [
        ("entity?id=japn", "No entity japn"),
        ("rank?head=kenya", "Give a relation"),
        ("x/y", "no such page"),
    ],
)
def test_an_error_is_a_page_to_go_on_from(visitor, page, said):
    visitor.open(page).heading(said)
    visitor.one("#q").send_keys("japan", Keys.ENTER)
    visitor.heading("japan")
    assert visitor.texts(".people .name")


def test_the_map_zooms_and_leads_on(visitor):
    visitor.open("map")
    assert len(visitor.all("svg.map a")) == 20

    def seen():
        return visitor.one("svg.map").get_dom_attribute("viewBox").split()

    visitor.one('[data-zoom="1.5"]').click()
    assert 600 < float(seen()[2]) < 700
    visitor.one('[data-zoom="0"]').click()
    assert seen() == ["0", "0", "1000", "1000"]
    visitor.one('svg.map a[href="/entity?id=kenya"] .dot').click()
    visitor.heading("Kenya")
    assert visitor.complaints() == []


@pytest.mark.parametrize("width", [390, 1280])
def test_no_page_is_wider_than_the_window(visitor, site, monkeypatch, width):
    graph = site.explorer.graph
    names = tuple(f"{LONG} {name}" for name in graph.names)
    messy = replace(graph, name=LONG, names=names, kinds=(LONG,) * len(names))
    monkeypatch.setattr(site.explorer, "graph", messy)
    monkeypatch.setattr(site.explorer, "run", replace(site.explorer.run, graph=messy))
    monkeypatch.setattr(site.explorer, "names", type(site.explorer.names)(messy))
    # A window of a telephone's width, which the browser's own may not be.
    size = {"width": width, "height": 844, "deviceScaleFactor": 1, "mobile": width < 400}
    visitor.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    try:
        for page in ("", "?q=a", "entity?id=japan", "tokens?id=japan", "map", "unseen",
                     "rank?head=japan&relation=grows", f"entity?id={LONG}",
                     "explain?head=japan&relation=grows&tail=tea"):  # fmt: skip
            visitor.open(page)
            wide = visitor.driver.execute_script("return document.documentElement.scrollWidth")
            assert wide <= width, page
    finally:
        visitor.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
