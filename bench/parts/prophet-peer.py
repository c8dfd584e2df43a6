"""Python's prophet as shipped, for bench/prophet.ts: JSON cases on stdin, forecasts and CPU seconds on stdout."""

import json
import logging
import resource
import sys

import pandas
from prophet import Prophet, __version__

for name in ("prophet", "cmdstanpy"):
    logging.getLogger(name).setLevel(logging.CRITICAL)


def cpu_seconds():
    """Of this process and of its children: prophet fits in a process of its own."""
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def fitted(history, case, **options):
    model = Prophet(
        growth="linear",
        yearly_seasonality=False,
        weekly_seasonality=case["weekly"],
        daily_seasonality=True,
    )
    return model.fit(history, **options)


def again(history, asked, case):
    """The same model climbed by its other optimizer: what stopping short of the top makes of a curve."""
    try:
        model = fitted(history, case, algorithm="BFGS")
    except RuntimeError:
        return None
    model.uncertainty_samples = 0
    return model.predict(asked)["yhat"].tolist()


def forecast(case):
    history = pandas.DataFrame({"ds": pandas.to_datetime(case["ds"], unit="s"), "y": case["y"]})
    asked = pandas.DataFrame({"ds": pandas.to_datetime(case["ds"] + case["ahead"], unit="s")})
    before = cpu_seconds()
    model = fitted(history, case)
    between = cpu_seconds()
    answer = model.predict(asked)
    after = cpu_seconds()
    return {
        "fitS": between - before,
        "predictS": after - between,
        "yhat": answer["yhat"].tolist(),
        "again": again(history, asked, case),
    }


forecasts = [forecast(case) for case in json.load(sys.stdin)]
json.dump({"version": __version__, "forecasts": forecasts}, sys.stdout)
