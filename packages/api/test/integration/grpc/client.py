"""A client of Holdfast as Python has one, from the stubs that grpcio-tools made of proto/.

Prints what it saw as one line of JSON. Arguments: address, folder of the stubs.
"""

import json
import sys

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool

sys.path.insert(0, sys.argv[2])

from holdfast.v1 import elections_pb2, elections_pb2_grpc, events_pb2, events_pb2_grpc
from holdfast.v1 import locks_pb2, locks_pb2_grpc, sessions_pb2, sessions_pb2_grpc
from holdfast.v1 import types_pb2
from reflection.v1 import reflection_pb2, reflection_pb2_grpc

seen = {}


def describe(channel):
    """What a tool like grpcurl does: asks for the descriptors, and builds the messages from them."""
    stub = reflection_pb2_grpc.ServerReflectionStub(channel)

    def ask(**what):
        request = reflection_pb2.ServerReflectionRequest(**what)
        return next(iter(stub.ServerReflectionInfo(iter([request]))))

    services = ask(list_services="").list_services_response.service
    seen["services"] = sorted(service.name for service in services)
    pool = descriptor_pool.DescriptorPool()
    files = {}

    def collect(answer):
        for raw in answer.file_descriptor_response.file_descriptor_proto:
            file = descriptor_pb2.FileDescriptorProto.FromString(raw)
            files.setdefault(file.name, file)
        for file in list(files.values()):
            for name in file.dependency:
                if name not in files:
                    collect(ask(file_by_filename=name))

    collect(ask(file_containing_symbol="holdfast.v1.Locks"))

    def add(name):
        file = files.pop(name, None)
        if file is not None:
            for dependency in file.dependency:
                add(dependency)
            pool.Add(file)

    for name in list(files):
        add(name)
    service = pool.FindServiceByName("holdfast.v1.Locks")
    acquire = service.methods_by_name["Acquire"].input_type
    seen["described"] = {field.name: field.number for field in acquire.fields}
    seen["described_optional"] = acquire.fields_by_name["wait_seconds"].has_presence


def use(channel):
    sessions = sessions_pb2_grpc.SessionsStub(channel)
    locks = locks_pb2_grpc.LocksStub(channel)
    elections = elections_pb2_grpc.ElectionsStub(channel)
    events = events_pb2_grpc.EventsStub(channel)
    session = sessions.CreateSession(
        sessions_pb2.CreateSessionRequest(client_id="python", timeout=30)
    )
    watch = events.Watch(events_pb2.WatchRequest(prefix="orders/"))
    next(watch)

    request = locks_pb2.AcquireRequest(name="orders/42", session_id=session.session_id)
    request.metadata.struct_value.update({"why": "test", "tries": [1, None]})
    granted = locks.Acquire(request)
    seen["fence_token"] = granted.fence_token
    seen["exclusive"] = granted.mode == types_pb2.LOCK_MODE_EXCLUSIVE
    checked = locks.Check(
        locks_pb2.CheckRequest(name="orders/42", fence_token=granted.fence_token)
    )
    seen["valid"] = checked.valid
    event = next(watch).events[0]
    seen["watched"] = [types_pb2.EventType.Name(event.type), event.resource, event.fence_token]

    try:
        locks.Acquire(locks_pb2.AcquireRequest(name="orders/42", client_id="other"))
    except grpc.RpcError as error:
        trailers = {key: value for key, value in error.trailing_metadata()}
        seen["refused"] = [error.code().name, trailers["holdfast-code"]]
        seen["has_details"] = len(trailers["grpc-status-details-bin"]) > 0

    released = locks.Release(
        locks_pb2.ReleaseRequest(
            name="orders/42",
            session_id=session.session_id,
            fence_token=granted.fence_token,
        )
    )
    seen["remaining"] = released.remaining_hold_count

    campaign = elections.CampaignStream(
        elections_pb2.CampaignRequest(name="leader", session_id=session.session_id)
    )
    seen["elected"] = next(campaign).WhichOneof("what")
    kept = sessions.KeepaliveStream(
        iter([sessions_pb2.KeepaliveStreamRequest(session_id=session.session_id)])
    )
    seen["kept"] = [answer.WhichOneof("what") for answer in kept]
    campaign.cancel()
    watch.cancel()


with grpc.insecure_channel(sys.argv[1]) as channel:
    describe(channel)
    use(channel)
print(json.dumps(seen))
