"""``POST /crm/NAME/callback``: where CRMs call us. Each adapter proves by a token or a signature that it was its own."""

from typing import Final

import structlog
from aiohttp import web

from gateway.ports.crm import CrmError
from gateway.ports.crms import CrmAbilityError, Crms, UnknownCrmError

MAX_BYTES: Final = 64 * 1024

_log = structlog.get_logger()


def callback_routes(crms: Crms) -> list[web.AbstractRouteDef]:
    """Return what is answered, to everybody."""

    async def called_back(request: web.Request) -> web.Response:
        crm = request.match_info["crm"]
        if request.content_length is None or request.content_length > MAX_BYTES:
            return web.Response(status=413)
        headers = {name.lower(): value for name, value in request.headers.items()}
        try:
            said = await crms.called_back(crm, headers, await request.read())
        except (UnknownCrmError, CrmAbilityError):
            return web.Response(status=404)
        except CrmError as error:
            _log.warning("crm_callback_failed", crm=crm, reason=str(error))
            return web.Response(status=503)
        if said.status == 401:
            _log.warning("crm_callback_refused", crm=crm, address=request.remote)
        return web.Response(status=said.status, body=said.body, content_type=said.content_type)

    return [web.post("/crm/{crm}/callback", called_back)]
