"""``maskreid models``: which models came with the package."""

from __future__ import annotations


def models() -> None:
    """List the shipped models: what they were trained on and how well they do there."""
    from maskreid.network import describe_network, list_models

    cards = list_models()
    if not cards:
        print("this build ships no model; train one: maskreid train RECIPE --data DATA --out RUN")
    for name, card in cards.items():
        training = card["training"]
        print(f"{name}\n  network: {describe_network(card)}")
        print(f"  trained on: {training['data']}, {training['images']} images of {training['identities']} identities")
        for setting, numbers in card["metrics"].items():
            print(
                f"  {setting}: Rank-1 {numbers['rank1']:.2f}  mAP {numbers['map']:.2f} (rectangular)  "
                f"{numbers['map_trapezoid']:.2f} (trapezoid)"
            )
