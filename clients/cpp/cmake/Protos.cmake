# `schemaregistry_protos`: the registry's proto and the google ones that it needs, compiled by the installed protoc.
find_package(Threads REQUIRED)
find_package(Protobuf REQUIRED)
find_package(gRPC CONFIG REQUIRED)

set(proto_roots "${REPOSITORY}/proto" "${REPOSITORY}/third_party/googleapis" "${CMAKE_CURRENT_SOURCE_DIR}/proto")
set(generated "${CMAKE_CURRENT_BINARY_DIR}/generated")
file(MAKE_DIRECTORY "${generated}")
list(TRANSFORM proto_roots PREPEND "-I" OUTPUT_VARIABLE proto_includes)

set(generated_sources "")
function(compile_proto root proto)
  string(REGEX REPLACE "\\.proto$" "" stem "${proto}")
  set(outputs "${generated}/${stem}.pb.cc" "${generated}/${stem}.pb.h")
  set(plugin "")
  if(proto MATCHES "registry\\.proto$")
    list(APPEND outputs "${generated}/${stem}.grpc.pb.cc" "${generated}/${stem}.grpc.pb.h")
    set(plugin "--grpc_out=${generated}" "--plugin=protoc-gen-grpc=$<TARGET_FILE:gRPC::grpc_cpp_plugin>")
  endif()
  add_custom_command(
    OUTPUT ${outputs}
    COMMAND protobuf::protoc ${proto_includes} "--cpp_out=${generated}" ${plugin} "${proto}"
    DEPENDS "${root}/${proto}"
    COMMENT "protoc ${proto}"
    VERBATIM)
  list(FILTER outputs INCLUDE REGEX "\\.cc$")
  set(generated_sources ${generated_sources} ${outputs} PARENT_SCOPE)
endfunction()

compile_proto("${REPOSITORY}/proto" schemaregistry/v1/contract.proto)
compile_proto("${REPOSITORY}/proto" schemaregistry/v1/registry.proto)
foreach(name annotations http httpbody)
  compile_proto("${REPOSITORY}/third_party/googleapis" google/api/${name}.proto)
endforeach()
foreach(name status error_details)
  compile_proto("${CMAKE_CURRENT_SOURCE_DIR}/proto" google/rpc/${name}.proto)
endforeach()

add_library(schemaregistry_protos STATIC ${generated_sources})
target_compile_features(schemaregistry_protos PUBLIC cxx_std_17)
target_include_directories(schemaregistry_protos SYSTEM PUBLIC "${generated}")
target_link_libraries(schemaregistry_protos PUBLIC gRPC::grpc++ protobuf::libprotobuf Threads::Threads)
