import asyncio

from prometheus_client import CollectorRegistry, generate_latest
from support.courier_round import answering, webhook_round
from support.virtual_time import in_virtual_time

from gateway.api.webhook_figures import WebhookFigures


@in_virtual_time
async def test_what_piles_up_for_whom_is_seen() -> None:
    async with webhook_round() as one:
        first, second = await one.endpoint(), await one.endpoint(enabled=False)
        one.receiver.secrets = [endpoint.keys[0].secret for endpoint in (first, second)]
        one.receiver.answer = lambda _event: answering(503)
        await one.tell(*[f"c{number}" for number in range(9)])
        await asyncio.sleep(2.0)
        registry = CollectorRegistry()
        registry.register(WebhookFigures(one.endpoints))
        lines = generate_latest(registry).decode().splitlines()

    for figure, values in (("waiting", (9, 0)), ("dead", (0, 0)), ("away", (1, 0)), ("disabled", (0, 1))):
        for endpoint, value in zip((first, second), values, strict=True):
            assert f'tieline_webhook_{figure}{{webhook="CRM ({endpoint.id})"}} {float(value)}' in lines
