"""What the documents of the server say beside the schemas, for Schemathesis."""

import os

import schemathesis
from schemathesis.core.failures import Failure

REFUSALS = {401, 403, 429}


def holds_proto(value):
    if isinstance(value, dict):
        return "__proto__" in value or any(map(holds_proto, value.values()))
    return isinstance(value, list) and any(map(holds_proto, value))


def is_long_wait(case):
    try:
        return 1 < float((case.query or {}).get("wait", 0)) <= 60
    except (TypeError, ValueError):
        return False


@schemathesis.hook
def filter_case(context, case):
    # A name that writes to prototypes is refused wherever it stands: a schema would have to say so at every object. And a
    # client that may wait a minute for people's decision would do so.
    return not holds_proto(case.body) and not is_long_wait(case)


def is_left_out(case):
    """Whether what is wrong with a request is a null that counts as left out, or a field of the query that is dropped."""
    if case.body is None:
        return True
    if isinstance(case.body, dict) and None in case.body.values():
        return True
    return any(name.endswith("unknown-property") for name in case.query or {})


# What Telegram calls something comes to models as text, and the schemas say so; a number is taken, too.
IDS = {"chat_id", "message_id", "reply_to", "topic", "file_id"}


def has_other_id(case):
    return isinstance(case.body, dict) and any(not isinstance(case.body[name], str) for name in IDS & case.body.keys())


@schemathesis.hook
def filter_failure(context, failure, case, response):
    return not (type(failure).__name__ == "AcceptedNegativeData" and (is_left_out(case) or has_other_id(case)))


if os.environ.get("EXPECT") == "refusals":

    @schemathesis.check
    def refused_without_a_right_key(context, response, case):
        """What needs a key tells nothing, not even what is wrong with the request, without a right one."""
        operation = case.operation.definition.raw
        if operation.get("security") == [] or case.method.lower() != case.operation.method.lower():
            return
        # Ids that the router does not take it refuses whoever asks.
        if any(len(str(value)) > 128 for value in (case.path_parameters or {}).values()):
            return
        if response.status_code not in REFUSALS:
            raise Failure(
                operation=case.operation.label,
                title="Served without a right key",
                message=f"answered {response.status_code}",
            )
