"""What AWS answers: parts of records, refusals that are answers too, and the errors of which the engine hears."""

# pyright: basic
# botocore brings no types.

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from dazz_assets import Response
from dazz_assets.http import CredentialError, FetchError, RefusedError

Record = dict[str, Any]

# A bucket or an account has nothing set. https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
NOTHING_SET = frozenset(
    {
        "NoSuchBucketPolicy",
        "NoSuchPublicAccessBlockConfiguration",
        "NoSuchTagSet",
        "ServerSideEncryptionConfigurationNotFoundError",
    }
)
# They come with the statuses 400 and 403, but no request with these credentials can succeed.
_WRONG_CREDENTIALS = frozenset(
    {
        *("AuthFailure", "ExpiredToken", "ExpiredTokenException", "InvalidAccessKeyId", "InvalidClientTokenId"),
        *("RequestExpired", "RequestTimeTooSkewed", "SignatureDoesNotMatch", "UnrecognizedClientException"),
    }
)
# A bucket that is gone has no settings to tell of, and who may not assume the role gets no answer at all.
_ASSUME_ROLE = "AssumeRole"
_FOR_ALL_CALLS = frozenset({"NoSuchBucket", _ASSUME_ROLE})
_NO_PROFILE_ADVICE = "Correct `config.profile`: `aws configure list-profiles` shows which this machine has."
_NO_CREDENTIALS_ADVICE = (
    "Set `config.access_key_id` and `config.secret_access_key`, or `config.profile`, or see that what boto3 finds by "
    "itself is there and has not expired."
)
_ROLE_ADVICE = (
    "Check that this role of `config.role_arns` exists, that its trust policy trusts the connection's own credentials "
    "and asks for no other external id than `config.external_id`, and that they are allowed sts:AssumeRole on it."
)


def response_of(error: Exception) -> Response | FetchError | None:
    """The response behind what boto3 raised, or what is wrong with how we sign in; None if no response came.

    Throttling is a 429, what may pass a 503, and wrong credentials are a 401, whatever status the service has for them.
    """
    if isinstance(error, ImportError):
        return None
    from botocore import exceptions

    missing = (
        *(exceptions.NoCredentialsError, exceptions.PartialCredentialsError, exceptions.ProfileNotFound),
        exceptions.CredentialRetrievalError,
    )
    if isinstance(error, missing):
        is_profile = isinstance(error, exceptions.ProfileNotFound)
        advice = _NO_PROFILE_ADVICE if is_profile else _NO_CREDENTIALS_ADVICE
        return CredentialError(f"boto3 can't sign in. {str(error).rstrip('.')}.", advice=advice)
    if not isinstance(error, exceptions.ClientError):
        return None
    status = _status_of(error)
    if error.operation_name == _ASSUME_ROLE and status == 403:
        return _refused_role(error)
    return _response(status, error.response["ResponseMetadata"].get("HTTPHeaders", {}), _error_of(error))


def _refused_role(error: Any) -> RefusedError:
    """The error for a role that we may not assume. What the streams need is not what is missing then."""
    told = _error_of(error)
    problem = f"AssumeRole is refused (403). AWS says: {told['Code']}: {told['Message'].rstrip('.')}."
    return RefusedError(problem, status=403, advice=_ROLE_ADVICE, needs=("sts:AssumeRole",))


def ask(call: Callable[..., Record], **params: Any) -> Record:
    """What a call answers, or the error with which it is refused: `{"Error": {"Code": ..., "Message": ...}}`.

    Raises what concerns more than this call: throttling, wrong credentials, a role that is not ours, a bucket that is
    gone.
    """
    from botocore.exceptions import ClientError

    try:
        return answer(call, **params)
    except ClientError as error:
        status, reasons = _status_of(error), {_code_of(error), error.operation_name}
        if not 400 <= status < 500 or status in (401, 408, 429) or reasons & _FOR_ALL_CALLS:
            raise
        return {"Error": _error_of(error)}


def answer(call: Callable[..., Record], **params: Any) -> Record:
    """What a call answers, without what is told of the request. Raises what boto3 raises."""
    return {name: value for name, value in call(**params).items() if name != "ResponseMetadata"}


def is_unreachable(error: Exception) -> bool:
    """Whether no answer came, after the SDK's own retries."""
    from botocore.exceptions import ConnectionError as NoConnectionError
    from botocore.exceptions import HTTPClientError

    return isinstance(error, NoConnectionError | HTTPClientError)


def unknown(parts: Mapping[str, str], error: Exception) -> Record:
    """The parts of a record as not known, since no answer came."""
    reason = {"Code": type(error).__name__, "Message": "no answer came"}
    return {part: {"Error": reason} for part in parts}


def refusals(record: Record) -> list[str]:
    """What of a record could not be read, for the engine to report: `Acl, Logging: AccessDenied: Access Denied`."""
    parts: dict[str, list[str]] = {}
    for name, part in record.items():
        error = part.get("Error") if isinstance(part, dict) else None
        if error and error["Code"] not in NOTHING_SET:
            parts.setdefault(f"{error['Code']}: {error['Message']}", []).append(name)
    return [f"{', '.join(names)}: {error}" for error, names in parts.items()]


def _status_of(error: Any) -> int:
    from botocore.retries.standard import RetryContext, ThrottledRetryableChecker, TransientRetryableChecker

    context = RetryContext(attempt_number=1, parsed_response=error.response)
    if ThrottledRetryableChecker().is_retryable(context):
        return 429
    if TransientRetryableChecker().is_retryable(context):
        return 503
    if _code_of(error) in _WRONG_CREDENTIALS:
        return 401
    return int(error.response["ResponseMetadata"]["HTTPStatusCode"])


def _code_of(error: Any) -> str:
    return str(error.response["Error"].get("Code", "Unknown"))


def _error_of(error: Any) -> dict[str, str]:
    """Code and message, without what differs each time: the id of the request."""
    return {"Code": _code_of(error), "Message": str(error.response["Error"].get("Message", ""))}


def _response(status: int, headers: Mapping[str, str], error: Mapping[str, str]) -> Response:
    kept = {name: value for name, value in headers.items() if name.lower() == "retry-after"}
    body = {"code": error["Code"], "message": f"{error['Code']}: {error['Message']}"}
    return Response(status, {"content-type": "application/json", **kept}, json.dumps(body).encode())
