"""What belongs to a flow's webhook beside its document: secret, names, sample; and the deliveries that were refused."""

from __future__ import annotations

from datetime import timedelta

from fastapi import APIRouter, Request, Response

from outcode.runs.instance import Instance
from outcode.server.access import CurrentInstance, CurrentScope, TeamRoute
from outcode.server.exact import answer
from outcode.server.hooks import delivery_status, webhook_url
from outcode.server.language import Language
from outcode.server.models import ProblemAnswer
from outcode.server.paging import Before, Id, Limit, OfFlow, cut
from outcode.server.webhook_models import (
    CaptureAnswer,
    RefusalAnswer,
    RefusalPage,
    SecretOfWebhook,
    SecretShown,
    SecretWanted,
    WebhookAnswer,
)
from outcode.values.problems import Conflict, restored
from outcode.workspace.people import seat_of
from outcode.workspace.scope import Scope
from outcode.workspace.webhook_names import names_of, release_name
from outcode.workspace.webhooks import Refusal

router = APIRouter(tags=["webhooks"], route_class=TeamRoute)
_OF_FLOW = "/flows/{id}/webhook"


@router.get("/webhooks/refusals", response_model=RefusalPage)
async def list_refusals(
    instance: CurrentInstance,
    scope: CurrentScope,
    before: Before,
    flow_id: OfFlow,
    language: Language,
    limit: Limit = 50,
) -> Response:
    """Deliveries to the team's webhooks that started nothing, and why; written a second after they came."""
    refusals = await instance.webhooks.refusals.page(scope, limit=limit + 1, before=before, flow_id=flow_id)
    refusals, cursor = cut(refusals, limit)
    return answer(RefusalPage(items=[_refusal(each, language) for each in refusals], next_cursor=cursor))


@router.get(_OF_FLOW, response_model=WebhookAnswer)
async def get_webhook(request: Request, instance: CurrentInstance, scope: CurrentScope, flow_id: Id) -> Response:
    """A flow's webhook: its address and names, which secrets are good, how it stands with its sample."""
    name = await _name(instance, scope, flow_id)
    domain = (await seat_of(instance.database, scope)).organization_domain
    capture = await instance.webhooks.captures.find(scope, flow_id)
    return answer(
        WebhookAnswer(
            url=webhook_url(instance.settings, str(request.base_url), domain, name),
            name=name,
            names=await names_of(instance.database, scope, flow_id),
            secrets=[
                SecretOfWebhook.model_validate(each) for each in await instance.webhooks.secrets.infos(scope, flow_id)
            ],
            armed_until=capture.armed_until,
            captured_at=capture.captured_at,
        )
    )


@router.put(_OF_FLOW + "/secret", response_model=SecretShown)
async def set_webhook_secret(
    instance: CurrentInstance, scope: CurrentScope, flow_id: Id, wanted: SecretWanted
) -> Response:
    """Set or change the secret that deliveries are signed with; it is shown this once."""
    await _name(instance, scope, flow_id)
    keep = timedelta(hours=wanted.keep_previous_hours)
    return answer(
        SecretShown(secret=await instance.webhooks.secrets.set(scope, flow_id, wanted.secret, keep_previous=keep))
    )


@router.delete(_OF_FLOW + "/secret", status_code=204)
async def remove_webhook_secret(instance: CurrentInstance, scope: CurrentScope, flow_id: Id) -> None:
    """Forget all secrets of the webhook; where its trigger wants signatures every delivery is refused then."""
    await _name(instance, scope, flow_id)
    await instance.webhooks.secrets.remove(scope, flow_id)


@router.post(_OF_FLOW + "/capture", response_model=CaptureAnswer)
async def arm_capture(instance: CurrentInstance, scope: CurrentScope, flow_id: Id) -> Response:
    """Have the next delivery within ten minutes kept as a sample; it starts nothing. Works while the webhook is off."""
    await _name(instance, scope, flow_id)
    return answer(CaptureAnswer.model_validate(await instance.webhooks.captures.arm(scope, flow_id)))


@router.get(_OF_FLOW + "/capture", response_model=CaptureAnswer)
async def get_capture(instance: CurrentInstance, scope: CurrentScope, flow_id: Id) -> Response:
    """The sample that was kept last, and whether the next request is waited for."""
    await _name(instance, scope, flow_id)
    return answer(CaptureAnswer.model_validate(await instance.webhooks.captures.find(scope, flow_id)))


@router.delete(_OF_FLOW + "/capture", status_code=204)
async def remove_capture(instance: CurrentInstance, scope: CurrentScope, flow_id: Id) -> None:
    """Stop waiting for a request, and forget the sample."""
    await _name(instance, scope, flow_id)
    await instance.webhooks.captures.remove(scope, flow_id)


@router.delete(_OF_FLOW + "/names/{name}", status_code=204)
async def release_webhook_name(instance: CurrentInstance, scope: CurrentScope, flow_id: Id, name: str) -> None:
    """Give up a name that the webhook had before, so that another one can have it; 409 for its present name."""
    await _name(instance, scope, flow_id)
    await release_name(instance.database, scope, flow_id, name)


async def _name(instance: Instance, scope: Scope, flow_id: str) -> str:
    """The webhook name of a flow of the team; raises NotFound, or Conflict when it has none."""
    flow = await instance.flows.find(scope, flow_id)
    if flow.webhook_name is None:
        raise Conflict("webhook_not_declared", name=flow.name[:100])
    return flow.webhook_name


def _refusal(refusal: Refusal, language: str) -> RefusalAnswer:
    problem = restored(refusal.problem)
    fields = {name: getattr(refusal, name) for name in refusal.__dataclass_fields__}
    said = ProblemAnswer.model_validate(problem.as_dict(language))
    return RefusalAnswer.model_validate({**fields, "problem": said, "status": delivery_status(problem)})
