"""The page for people: there when introspection is, made of nothing that is not in the package."""

from __future__ import annotations

import re
from typing import Any

from persona_graph.graphql.transport import graphiql

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"


async def test_the_page_and_all_it_loads(opened: Any) -> None:
    async with opened(introspection=True) as world, world.http(None, accept=BROWSER) as client:
        page = await client.get(world.url)
        assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
        assert "default-src 'none'" in page.headers["content-security-policy"]
        assert "GraphiQL" in page.text
        loaded = re.findall(r'(?:src|href)="([^"]+)"', page.text)
        assert [one for one in loaded if not one.startswith("data:")] == [
            "/graphql/assets/explorer.css", "/graphql/assets/explorer.js",
        ]  # fmt: skip
        for path in loaded[1:]:
            asset = await client.get(f"http://127.0.0.1:{world.port}{path}")
            assert asset.status_code == 200
            assert len(asset.content) > 10_000
            again = await client.get(str(asset.url), headers={"if-none-match": asset.headers["etag"]})
            assert (again.status_code, again.content) == (304, b"")
        # Somebody who asks something gets an answer, not a page.
        assert (await client.get(world.url, params={"query": "{ hello }"})).status_code == 401


async def test_not_in_production(world: Any) -> None:
    async with world.http(None, accept=BROWSER) as client:
        assert (await client.get(world.url)).status_code == 401
        assert (await client.get(f"{world.url}/assets/explorer.js")).status_code == 404


async def test_only_what_belongs_to_it(opened: Any) -> None:
    async with opened(introspection=True) as world, world.http(None) as client:
        for name in ("explorer.html", "..%2fws.py", "%2e%2e/ws.py", "x", "%00"):
            assert (await client.get(f"{world.url}/assets/{name}")).status_code == 404


def test_nothing_is_fetched_from_elsewhere() -> None:
    style = (graphiql.FOLDER / "explorer.css").read_text()
    assert not re.findall(r"@import|url\((?!\"?data:)", style)
    script = (graphiql.FOLDER / "explorer.js").read_text()
    assert not re.findall(r"(?:import\(|importScripts\(|new Worker\()", script)
    assert not re.findall(r"//[^/]*(?:unpkg|jsdelivr|cdnjs|googleapis|esm\.sh)", script)
    size = sum((graphiql.FOLDER / name).stat().st_size for name in graphiql.KINDS)
    assert size < 1_500_000
    for package in ("graphiql", "react", "react-dom", "codemirror", "graphql"):
        assert re.search(
            rf"^{package} \d.* \(MIT\)$", (graphiql.FOLDER / "explorer.licenses.txt").read_text(), re.M
        )
