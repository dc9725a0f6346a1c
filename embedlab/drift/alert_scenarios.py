"""What each alert is for: scenarios in which exactly these alerts fire, given to promtool.

In promtool's short form "1+2x3" begins with 1 and adds 2 three times, "5x3" stays, "_x3" is three scrapes
without a value. A step is 5 minutes, so that 144 steps are half a day.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from embedlab.drift.prometheus_rules import rule_test, run_rule_test

LAST_RUN = 'monitor_last_run_timestamp_seconds{{monitor="{}"}}'
HEALTHY = {
    "canary_checks_total": "0+50x288",
    "canary_failed_total": "0x99 1x99 2x90",
    "canary_cosine": "1x288",
    "ann_recall": "0.99x288",
    "query_psi": "0.05x288",
    "searches_total": "0+60x288",
    "searches_empty_total": "0+0.6x288",
    'search_seconds_bucket{le="0.1"}': "0+59x288",
    'search_seconds_bucket{le="0.2"}': "0+60x288",
    'search_seconds_bucket{le="+Inf"}': "0+60x288",
    "search_seconds_count": "0+60x288",
    "reembedding_backlog": "12x288",
    "index_built_timestamp_seconds": "0x288",  # the test's clock begins at 0
    LAST_RUN.format("canary"): "0+300x288",
    LAST_RUN.format("sample"): "0+300x288",
}


@dataclass(frozen=True)
class Scenario:
    """Series that differ from a healthy search, and which alerts fire when."""

    name: str
    series: Mapping[str, str]
    fires: Mapping[str, tuple[str, ...]]

    def test(self) -> dict:
        """Make promtool's unit test of it; no other alert may fire at these times."""
        merged = HEALTHY | dict(self.series)
        series = [{"series": f"embedlab_{name}", "values": values} for name, values in merged.items()]
        return rule_test(series, self.fires, name=self.name)


FAST, SLOWLY = "CanaryBudgetBurnsFast", "CanaryBudgetBurnsSlowly"
SCENARIOS = (
    Scenario("a failed canary now and then", {}, {"2h": (), "8h20m": (), "24h": ()}),
    Scenario(
        "from noon on every second canary fails, for three hours",
        {"canary_failed_total": "0x144 25+25x35 900x108"},
        {"12h5m": (), "12h30m": (FAST,), "15h": (FAST, SLOWLY), "17h": (SLOWLY,)},
    ),
    Scenario(
        "one round fails as a whole: nobody is woken",
        {"canary_failed_total": "0x144 50x144"},
        {"12h5m": (), "12h30m": (), "13h": ()},
    ),
    Scenario(
        "two of fifty fail, for days",
        {"canary_failed_total": "0+2x288"},
        {"3h": (SLOWLY,), "24h": (SLOWLY,)},
    ),
    Scenario(
        "fixed texts get other vectors",
        {"canary_cosine": "1x144 0.4x144"},
        {"12h5m": (), "12h10m": (), "12h15m": ("CanaryVectorsChanged",)},
    ),
    Scenario(
        "one bad round of fixed texts: nobody is woken",
        {"canary_cosine": "1x144 0.4 1x143"},
        {"12h5m": (), "12h10m": (), "12h15m": (), "12h30m": ()},
    ),
    Scenario("the graph decays", {"ann_recall": "0.99x144 0.9x144"}, {"13h": (), "23h": ("AnnRecallLow",)}),
    Scenario(
        "users ask otherwise",
        {"query_psi": "0.05x72 0.9x216"},
        {"8h": (), "9h": ("QueriesShifted",), "23h": ("QueriesShifted",)},
    ),
    Scenario(
        "one search in ten is empty",
        {"searches_empty_total": "0x144 6+6x143"},
        {"12h10m": (), "12h50m": ("ManyEmptyAnswers",)},
    ),
    Scenario(
        "of the searches on a small second server one in ten is empty, over both few: nobody is woken",
        {'searches_total{instance="b"}': "0+20x288", 'searches_empty_total{instance="b"}': "0+2x288"},
        {"12h": ()},
    ),
    Scenario(
        "two servers, each below the least traffic, together above it; one search in ten is empty",
        {"searches_total": "0+12x288", "searches_empty_total": "0+1.2x288"}
        | {'searches_total{instance="b"}': "0+12x288", 'searches_empty_total{instance="b"}': "0+1.2x288"},
        {"12h": ("ManyEmptyAnswers",)},
    ),
    Scenario(
        "one of two searches is empty, at night: two an hour",
        {"searches_total": "0+0.17x288", "searches_empty_total": "0+0.08x288"},
        {"12h": ()},
    ),
    Scenario(
        "one search in ten is slow",
        {'search_seconds_bucket{le="0.1"}': "0+54x288"},
        {"10m": (), "1h": ("SearchSlow",)},
    ),
    Scenario(
        "documents wait, and more and more",
        {"reembedding_backlog": "12x72 14+2x215"},
        {"8h": (), "23h": ("BacklogGrows",)},
    ),
    Scenario(
        "documents wait, and it gets better",
        {"reembedding_backlog": "800-2x288"},
        {"8h": (), "23h": ()},
    ),
    Scenario(
        "the build fails every night",
        {name: values.replace("288", "960") for name, values in HEALTHY.items() if "failed" not in name},
        {"72h30m": (), "74h": ("IndexOld",)},
    ),
    Scenario(
        "the canary job dies, its series with it",
        {name: HEALTHY[name].replace("288", "143 _x144") for name in ("canary_checks_total", "canary_cosine")}
        | {"canary_failed_total": "0x143 _x144"},
        {"12h": (), "12h30m": ("MonitorSilent",)},
    ),
    Scenario(
        "the job that samples recall dies, its series with it",
        {"ann_recall": "0.99x143 _x144"},
        {"12h": (), "12h30m": ("RecallSilent",)},
    ),
    Scenario(
        "the canary job hangs, its series stands still",
        {"canary_checks_total": "0+50x143 7150x144", LAST_RUN.format("canary"): "0+300x143 42900x144"},
        {"12h10m": (), "13h": ("MonitorSilent",), "15h": ("MonitorHangs", "MonitorSilent")},
    ),
    Scenario(
        "the job that samples recall hangs, its gauges stand still",
        {LAST_RUN.format("sample"): "0+300x143 42900x144"},
        {"13h": (), "15h": ("MonitorHangs",)},
    ),
)


def fire(scenario: Scenario) -> tuple[bool, str]:
    """Let promtool check a scenario: (passed?, what it said). Raises FileNotFoundError without promtool."""
    return run_rule_test(scenario.test())
