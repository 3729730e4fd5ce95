"""What tokens cost in US dollars, from the price list that package genai-prices carries; nothing is fetched."""

from graphgrow.graph.model import Usage
from graphgrow.llm.address import is_loopback


def usd(model: str, base_url: str, usage: Usage) -> float | None:
    """Return the price of a bill, or None where the model is unknown or the endpoint is not the priced provider's."""
    if is_loopback(base_url):
        return None
    from genai_prices import Usage as Bill
    from genai_prices import calc_price

    bill = Bill(input_tokens=usage.prompt_tokens, output_tokens=usage.completion_tokens)
    try:
        return float(calc_price(bill, model, provider_api_url=base_url).total_price)
    except LookupError:
        return None
