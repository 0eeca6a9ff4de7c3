"""``maskreid models``: which models came with the package."""

from __future__ import annotations


def models() -> None:
    """List the shipped models: what they were trained on and how well they do there."""
    from maskreid.network import list_models

    cards = list_models()
    if not cards:
        print("this build ships no model; train one: maskreid train RECIPE --data DATA --out RUN")
    for name, card in cards.items():
        architecture, training = card["architecture"], card["training"]
        print(name)
        print(
            f"  network: {architecture['streams']} stream(s), fusion {architecture['fusion']}, width "
            f"{architecture['width']:g}, {architecture['input_size'][0]} x {architecture['input_size'][1]} in, "
            f"{architecture['dimension']} numbers out"
        )
        print(f"  trained on: {training['data']}, {training['images']} images of {training['identities']} identities")
        for setting, numbers in card["metrics"].items():
            print(
                f"  {setting}: Rank-1 {numbers['rank1']:.2f}  mAP {numbers['map']:.2f} (rectangular)  "
                f"{numbers['map_trapezoid']:.2f} (trapezoid)"
            )
