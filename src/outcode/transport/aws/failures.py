"""What AWS said no with: its error codes as problems people can act on, and which of them are worth another try."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from outcode.appkit.errors import ErrorMap, Meaning
from outcode.transport.http.decode import Response
from outcode.transport.http.retry import retry_after
from outcode.values.problems import Problem, RateLimited, SetupProblem, VendorDown, VendorRejected

_SENTENCE = 300
# Whole codes first, then how codes of all services tend to begin or end.
_BY_CODE: Mapping[str, Meaning] = {
    "AuthFailure": "credentials",
    "ExpiredToken": "credentials",
    "IncompleteSignature": "credentials",
    "InvalidAccessKeyId": "credentials",
    "InvalidClientTokenId": "credentials",
    "InvalidSignature": "credentials",
    "InvalidToken": "credentials",
    "MissingAuthenticationToken": "credentials",
    "SignatureDoesNotMatch": "credentials",
    "UnrecognizedClient": "credentials",
    "OptInRequired": "permission",
    "UnauthorizedOperation": "permission",
    "BandwidthLimitExceeded": "rate_limited",
    "PriorRequestNotComplete": "rate_limited",
    "ProvisionedThroughputExceeded": "rate_limited",
    "RequestLimitExceeded": "rate_limited",
    "SlowDown": "rate_limited",
    "TooManyRequests": "rate_limited",
    "TransactionInProgress": "rate_limited",
    "InternalFailure": "unavailable",
    "InternalServer": "unavailable",
    "ServiceUnavailable": "unavailable",
    "ConditionalCheckFailed": "conflict",
    "IdempotentParameterMismatch": "conflict",
    "ResourceInUse": "conflict",
    "RequestEntityTooLarge": "too_large",
    "BadRequest": "invalid",
    "MessageRejected": "invalid",
    "Serialization": "invalid",
}
_BY_PATTERN: tuple[tuple[re.Pattern[str], Meaning], ...] = (
    (re.compile(r"AccessDenied|NotAuthorized\Z|Forbidden"), "permission"),
    (re.compile(r"Thrott?l"), "rate_limited"),
    (re.compile(r"NotFound|NoSuch|NonExistent|DoesNotExist"), "not_found"),
    (re.compile(r"AlreadyExists|Conflict"), "conflict"),
    (re.compile(r"Validation|Invalid|Malformed|Missing"), "invalid"),
)
_BY_STATUS: Mapping[int, Meaning] = {
    401: "credentials",
    403: "permission",
    404: "not_found",
    409: "conflict",
    413: "too_large",
    429: "rate_limited",
}
_CLOCK = re.compile(r"Request(?:Expired|TimeTooSkewed)")
_CLOCK_SENTENCE = re.compile(r"Signature (?:expired|not yet current)")


@dataclass(frozen=True, slots=True)
class Refusal:
    """An error as AWS answered it: its code without namespace, its sentence with nothing secret in it, the answer."""

    code: str
    sentence: str
    response: Response
    service: str
    operation: str

    def meaning(self, errors: ErrorMap) -> Meaning:
        """What the code means, by the app's own map, the code's name or the status."""
        # The same error is ``ValidationException`` for one service and ``ValidationError`` for another.
        name = re.sub(r"(?:Exception|Error)\Z", "", self.code)
        said = errors.codes.get(self.code) or _BY_CODE.get(name)
        if said is None:
            said = next((meaning for pattern, meaning in _BY_PATTERN if pattern.search(name)), None)
        if said is None:
            status = self.response.status
            said = errors.statuses.get(status) or _BY_STATUS.get(status)
        return said or ("unavailable" if self.response.status >= 500 else "invalid")

    def problem(self, errors: ErrorMap) -> Problem:
        """The problem that a person is told."""
        wait = retry_after(self.response.header("retry-after"), datetime.now(UTC))
        kind, code = self._kind_and_code(errors)
        return kind(
            code,
            retry_after=wait,
            service=self.service,
            operation=self.operation,
            vendor_code=self.code,
            excerpt=" ".join(self.sentence.split())[:_SENTENCE] or "-",
            host=self.response.url.host or "",
            status=self.response.status,
        )

    def _kind_and_code(self, errors: ErrorMap) -> tuple[type[Problem], str]:
        if _CLOCK.match(self.code) or _CLOCK_SENTENCE.search(self.sentence):
            return SetupProblem, "aws_clock"
        match self.meaning(errors):
            case "credentials":
                return VendorRejected, "connection_refused_credentials"
            case "permission":
                return VendorRejected, "aws_permission"
            case "not_found":
                return VendorRejected, "aws_not_found"
            case "rate_limited":
                return RateLimited, "aws_rate_limited"
            case "unavailable":
                return VendorDown, "aws_unavailable"
            case _:
                return VendorRejected, "aws_refused"
