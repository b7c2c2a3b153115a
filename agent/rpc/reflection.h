// gRPC's standard reflection, for stock tools on the main socket.
#pragma once

#include <string>
#include <vector>

#include "agent/grpc/grpc_methods.h"

namespace libretto {

void AddReflection(GrpcMethods& methods);

// The full names of the services that the main socket answers for.
const std::vector<std::string>& ServiceNames();

}  // namespace libretto
