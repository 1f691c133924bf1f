"""Tables: reports of benchmarks for people."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table

NAMES = {
    "penchant_decode_fold": "Penchant, decode and fold",
    "plain_faust": "plain Faust agent",
    "quix": "Quix Streams",
    "bytewax": "Bytewax",
    "flink": "Apache Flink",
    "librdkafka": "a bare librdkafka loop",
    "penchant": "Penchant, all its work",
}


def show_ingest(console: Console, report: Mapping[str, Any]) -> None:
    """Rates and ratios; below them what a session takes and how late the event loop was."""
    shown = table("", "events/s", "95 %", "of a processor's", "Penchant is faster by", "95 %")
    bounds = report["intervals"]
    for name, title in NAMES.items():
        if name in report["events_per_second"]:
            shown.add_row(
                title,
                f"{report['events_per_second'][name]:,.0f}",
                _span(bounds["events_per_second"][name], ",.0f"),
                f"{report['events_per_cpu_second'][name]:,.0f}",
                f"{report['ratio'][name]:g} times" if name in report["ratio"] else "",
                _span(bounds["ratio"].get(name), "g"),
            )
    console.print("A drain: events that are in the topic already.")
    console.print(shown)
    for name, why in report["left_out"].items():
        console.print(f"{NAMES[name]} was left out: {why}")
    for name, row in report["scarce_calls"].items():
        console.print(
            f"Before a model that takes few calls, {name}: {row['calls']:,.0f} calls, "
            f"{row['us_per_call']:,.0f} us of CPU each, {row['fresh_per_cpu_second']:,.0f} fresh a second."
        )
    size, lag = report["bytes_per_session"], report["loop_lag_ms"]
    console.print(f"A session of 20 events takes {size['hot']:,} bytes, {size['packed']:,} packed.")
    console.print(f"Loop lag with all its work: p50 {lag['p50']} ms, p99 {lag['p99']} ms, at most {lag['max']} ms.")
    foot(console, report)


def show_growth(console: Console, report: Mapping[str, Any]) -> None:
    """A line a step."""
    shown = table("partitions", "shoppers", "events/s", "calls", "parked", "peak MB", "loop lag p99", "at most")
    for step in report["growth"]:
        lag = step["loop_lag_ms"]
        counts = (step[name] for name in ("partitions", "shoppers", "events_per_second", "calls", "parked", "peak_mb"))
        shown.add_row(*(f"{count:,}" for count in counts), f"{lag['p99']} ms", f"{lag['max']} ms")
    console.print(shown)
    foot(console, report)


def show_recovery(console: Console, report: Mapping[str, Any]) -> None:
    """One line a figure."""
    shown = table("", "")
    for name in report["shown"]:
        value = report[name]
        shown.add_row(name.replace("_", " "), f"{value:,}" if isinstance(value, int | float) else str(value))
    console.print(shown)
    foot(console, report)


def show_calls(console: Console, report: Mapping[str, Any]) -> None:
    """A line for each dialect and number of calls in flight."""
    shown = table("dialect", "in flight", "CPU a call", "95 %", "added p50", "added p99", "calls/s")
    for row in report["calls"]:
        added = (f"{row['added_ms'][name]:g} ms" for name in ("p50", "p99"))
        spread = _span(row["cpu_ms_interval"], "g")
        shown.add_row(
            row["dialect"],
            str(row["in_flight"]),
            f"{row['cpu_ms']:g} ms",
            spread,
            *added,
            f"{row['calls_per_second']:g}",
        )
    console.print(shown)
    foot(console, report)


def show_soak(console: Console, report: Mapping[str, Any]) -> None:
    """A line for each dialect: what became of its calls, and what is left of them."""
    columns = "answered", "abandoned", "failed", "left on the server", "tasks left", "MB here, by fifths"
    shown = table("dialect", *columns)
    for row in report["soak"]:
        memory = " ".join(f"{each:.0f}" for each in row["memory_mb"])
        counts = (row[name] for name in ("answered", "abandoned", "failed", "left_on_server", "tasks_left"))
        shown.add_row(row["dialect"], *(f"{count:,}" for count in counts), memory)
    console.print(shown)
    foot(console, report)


def show_reads(console: Console, report: Mapping[str, Any]) -> None:
    """A line for each way to read and number of shoppers."""
    cuts = [f"{cut}{what}" for cut in ("p50", "p99") for what in (" ms", " over HMGET", " 95 %")]
    shown = table("", "shoppers a read", *cuts)
    for name in ("reader", "hmget", "packed", "feast_style"):
        for row in report[name].values():
            figures: list[str] = []
            for cut in ("p50", "p99"):
                figures += [f"{row[cut]:g}", f"{row[f'{cut}_ratio']:g}"]
                figures.append(_span(row[f"{cut}_ratio_interval"], "g"))
            shown.add_row(name.replace("_", " "), f"{row['shoppers']:,}", *figures)
    console.print(shown)
    answered = ", ".join(f"of {size} {share:.2%}" for size, share in report["answered_at_20_ms"].items())
    console.print(f"Within the reader's default of 20 ms came {answered}.")
    pace = report["intents_per_second"]
    console.print(f"Meanwhile {pace['written']:,} intents a second were written, of {pace['asked']:,g} asked for.")
    foot(console, report)


def show_prompts(console: Console, report: Mapping[str, Any]) -> None:
    """What rendering takes; then what prompts share and what answers take, a line for each traffic."""
    console.print(
        f"A window of {report['events']} events takes {report['render_us']:g} us to render "
        f"({_span(report['render_us_interval'], 'g')}), as JSON {report['naive_json_us']:g} us."
    )
    columns = "prompts", "share said before", "95 %", "sliding window", "tokens", "answer", "naive answer"
    shown = table("traffic", *columns)
    for name, traffic in report["traffic"].items():
        ours, sliding = (traffic[kind]["grown"] or {} for kind in ("prefix_share", "sliding_share"))
        shares = (f"{each.get('mean', 0):.1%}" for each in (ours, sliding))
        medians = (f"{traffic[kind]['median']:g}" for kind in ("prompt_tokens", "answer_tokens", "naive_answer_tokens"))
        shown.add_row(
            name, f"{traffic['prompts']:,}", next(shares), _span(ours.get("interval"), ".1%"), *shares, *medians
        )
    console.print(shown)
    console.print(f"Shares are of sessions with 10 events or more; tokens are medians, by {report['tokens_by']}.")
    foot(console, report)


def show_decoding(console: Console, report: Mapping[str, Any]) -> None:
    """A line for each dialect: what one event costs."""
    shown = table("dialect", "bytes an event", "CPU an event", "times native", "95 %")
    for row in report["decoding"]:
        spread = _span(row["times_native_interval"], "g")
        shown.add_row(row["dialect"], f"{row['bytes']:,}", f"{row['cpu_us']:g} us", f"{row['times_native']:g}", spread)
    console.print(shown)
    shown = table("native events, read in", "decode", "decode and fold", "Python's over it", "95 %")
    for row in report["native_events"]:
        spread = _span(row["times_python_interval"], "g")
        costs = (f"{row['decode_us']:g} us", f"{row['decode_fold_us']:g} us")
        shown.add_row(row["reader"], *costs, f"{row['times_python']:g}", spread)
    console.print(shown)
    foot(console, report)


def show_affinity(console: Console, report: Mapping[str, Any]) -> None:
    """A line for each router and header."""
    shown = table("router", "header", "cached", "uncached tokens a call", "first token p50", "p95", "failed")
    for row in report["runs"]:
        first = row["first_token_ms"]
        shown.add_row(
            row["router"],
            row["header"] or "none",
            f"{row['cached_share'] or 0:.1%}",
            f"{row['uncached_tokens_per_call'] or 0:,.0f}",
            *(f"{first[name]:g} ms" if name in first else "" for name in ("p50", "p95")),
            f"{row['failed']:,}",
        )
    console.print(shown)
    for name, why in report["left_out"].items():
        console.print(f"{name} was left out: {why}")
    foot(console, report)


def show_steady(console: Console, report: Mapping[str, Any]) -> None:
    """A line a rate; below them what is held, and where the processor's time went."""
    shown = table("events/s", "held", "calls an event", "CPU an event", "lag grows by", "loop lag p99", "at most")
    for row in report["runs"]:
        lag = row["loop_lag_ms"]
        figures = f"{row['calls_per_event']:g}", f"{row['cpu_us_per_event']:,} us", f"{row['lag_growth']:g} s/s"
        late = f"{lag['p99']} ms", f"{lag['max']} ms"
        shown.add_row(f"{row['rate']:,g}", "yes" if row["held"] else "no", *figures, *late)
    console.print(shown)
    console.print(
        f"A core holds {report['events_per_second_core']:,g} events a second with "
        f"{report['calls_per_second_core']:,g} calls; by processor time {report['events_per_cpu_second']:,} events."
    )
    parts = ", ".join(f"{part} {each:g}" for part, each in report["parts_us"].items())
    console.print(f"Microseconds of CPU an event: {parts}.")
    server = report["server"]
    console.print(
        f"The server on the other core used {server['cpu_us_per_call']} us a call, "
        f"of {server['events_per_answer']} server-sent events each."
    )
    foot(console, report)


def show_several(console: Console, report: Mapping[str, Any]) -> None:
    """A line a number of workers: microseconds of CPU a call, by who spends them."""
    parts = ("worker", "parent", "redis", "kafka", "model")
    shown = table("workers", "calls", *(f"CPU a call: {part}" for part in parts))
    for row in report["runs"]:
        shown.add_row(str(row["workers"]), f"{row['calls']:,}", *(f"{row[f'{part}_us']:,} us" for part in parts))
    console.print(shown)
    console.print(
        f"Workers and parent, at {report['rate_each']:g} events/s a worker: {report['ratio']:g} times one worker."
    )
    foot(console, report)


def show_latency(console: Console, report: Mapping[str, Any]) -> None:
    """A line a rate: what is added in all, and by part."""
    parts = list(report["runs"][0]["parts_ms"])
    shown = table("events/s", "added p50", "p99", *(f"{part} p50/p99" for part in parts), "append", "CPU an event")
    for row in report["runs"]:
        each = [*(row["parts_ms"][part] for part in parts), row["confirmed_ms"]]
        cells = (f"{part['p50']:g}/{part['p99']:g}" for part in each)
        added = row["added_ms"]
        cost = f"{row['cpu_us_per_event']:,} us"
        shown.add_row(f"{row['rate']:,g}", f"{added['p50']:g} ms", f"{added['p99']:g} ms", *cells, cost)
    console.print(shown)
    console.print("fetch: append to agent; fold: to the call's turn; prompt: to the model; intent: from the answer to")
    console.print("the store's door; write: to readable. All in milliseconds; the model's own time is left out.")
    console.print("append: until the producer hears that Kafka has it, most of which stands in fetch too.")
    foot(console, report)


def table(*columns: str) -> Table:
    """Empty, with figures to the right."""
    empty = Table()
    for number, column in enumerate(columns):
        empty.add_column(column, justify="right" if number else "left")
    return empty


def _span(bounds: list[float] | None, form: str) -> str:
    return f"{bounds[0]:{form}} to {bounds[1]:{form}}" if bounds else ""


def foot(console: Console, report: Mapping[str, Any]) -> None:
    """On what, with what, at which commit."""
    machine = report["machine"]
    console.print(
        f"{machine['processor']}, {machine['cores']} cores, {machine['memory_gb']} GB, {machine['system']}, "
        f"load average {machine['load_average']} before; commit {report['commit']}"
    )
    console.print(", ".join(f"{name} {version}" for name, version in report["versions"].items()))
    if machine["load_average"] > machine["cores"] / 2:
        console.print("The machine was busy with other things: trust ratios and processor time, not seconds.")
    if report["quick"]:
        console.print("Rough: --quick takes one short round.")
