#include "agent/rpc/reflection.h"

#include <set>
#include <string>

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>

#include "agent/rpc/call.h"
#include "grpc/reflection/v1alpha/reflection.pb.h"

namespace libretto {
namespace {

namespace pb = grpc::reflection::v1alpha;
using google::protobuf::DescriptorPool;
using google::protobuf::FileDescriptor;

void Fail(StatusCode code, const char* why, pb::ServerReflectionResponse& to) {
  to.mutable_error_response()->set_error_code(static_cast<int>(code));
  to.mutable_error_response()->set_error_message(why);
}

// `file` and all that it imports, each once.
void AddFiles(const FileDescriptor& file, std::set<std::string>& added,
              pb::FileDescriptorResponse& to) {
  if (!added.insert(file.name()).second) return;
  google::protobuf::FileDescriptorProto description;
  file.CopyTo(&description);
  to.add_file_descriptor_proto(description.SerializeAsString());
  for (int i = 0; i < file.dependency_count(); ++i) {
    AddFiles(*file.dependency(i), added, to);
  }
}

void Describe(const FileDescriptor* file, pb::ServerReflectionResponse& to) {
  if (file == nullptr) {
    return Fail(StatusCode::kNotFound, "there is no such file or symbol", to);
  }
  std::set<std::string> added;
  AddFiles(*file, added, *to.mutable_file_descriptor_response());
}

StatusOr<SecretBytes> Reflect(const SecretBytes& bytes) {
  pb::ServerReflectionResponse response;
  pb::ServerReflectionRequest& request = *response.mutable_original_request();
  if (!Parse(bytes, request)) return Invalid("the request cannot be parsed");
  response.set_valid_host(request.host());
  const DescriptorPool& pool = *DescriptorPool::generated_pool();
  switch (request.message_request_case()) {
    case pb::ServerReflectionRequest::kListServices:
      for (const std::string& name : ServiceNames()) {
        response.mutable_list_services_response()->add_service()->set_name(
            name);
      }
      break;
    case pb::ServerReflectionRequest::kFileByFilename:
      Describe(pool.FindFileByName(request.file_by_filename()), response);
      break;
    case pb::ServerReflectionRequest::kFileContainingSymbol:
      Describe(pool.FindFileContainingSymbol(request.file_containing_symbol()),
               response);
      break;
    case pb::ServerReflectionRequest::kFileContainingExtension:
    case pb::ServerReflectionRequest::kAllExtensionNumbersOfType:
      Fail(StatusCode::kNotFound, "there are no extensions", response);
      break;
    case pb::ServerReflectionRequest::MESSAGE_REQUEST_NOT_SET:
      Fail(StatusCode::kInvalidArgument, "nothing is asked", response);
      break;
  }
  return Serialized(response);
}

}  // namespace

const std::vector<std::string>& ServiceNames() {
  static const std::vector<std::string> kNames = {
      "grpc.health.v1.Health",
      "grpc.reflection.v1alpha.ServerReflection",
      "libretto.agent.v1.Accounts",
      "libretto.agent.v1.Agent",
      "libretto.agent.v1.Credentials",
      "libretto.agent.v1.Locking",
      "libretto.agent.v1.Scopes"};
  return kNames;
}

void AddReflection(GrpcMethods& methods) {
  // The messages are the same, so both names have the same bytes. Only one is
  // listed: whoever lists describes what is listed, by its file.
  for (const char* version : {"v1", "v1alpha"}) {
    methods.Add("/grpc.reflection." + std::string(version) +
                    ".ServerReflection/ServerReflectionInfo",
                Reflect);
  }
}

}  // namespace libretto
