# `schemaregistry_arrow`: Arrow and Parquet for C++, those of an installed pyarrow wheel or else the system's.
#
# The wheel's shared libraries export nothing but Arrow's own names, so its bundled protobuf and gRPC don't meet the
# system's. libarrow_compute exports a RE2 of its own and isn't linked.
add_library(schemaregistry_arrow INTERFACE)
target_compile_features(schemaregistry_arrow INTERFACE cxx_std_20)

set(ask "import pathlib, pyarrow; print(pathlib.Path(pyarrow.__file__).parent, pyarrow.cpp_build_info.compiler_flags, sep=';')")
execute_process(COMMAND "${SCHEMAREGISTRY_PYTHON}" -c "${ask}" OUTPUT_VARIABLE answer OUTPUT_STRIP_TRAILING_WHITESPACE
  ERROR_QUIET RESULT_VARIABLE failed)
if(failed EQUAL 0)
  list(GET answer 0 wheel)
  file(GLOB arrow_library "${wheel}/libarrow.so.[0-9]*" "${wheel}/libarrow.[0-9]*.dylib")
  file(GLOB parquet_library "${wheel}/libparquet.so.[0-9]*" "${wheel}/libparquet.[0-9]*.dylib")
endif()

if(arrow_library AND parquet_library AND EXISTS "${wheel}/include/arrow/api.h")
  list(GET arrow_library 0 arrow_library)
  list(GET parquet_library 0 parquet_library)
  message(STATUS "Arrow: ${arrow_library}")
  target_include_directories(schemaregistry_arrow SYSTEM INTERFACE "${wheel}/include")
  target_link_libraries(schemaregistry_arrow INTERFACE "${parquet_library}" "${arrow_library}")
  target_link_options(schemaregistry_arrow INTERFACE "LINKER:-rpath,${wheel}")
  if(answer MATCHES "_GLIBCXX_USE_CXX11_ABI=0")
    message(FATAL_ERROR "This pyarrow was built with the C++ ABI from before C++11: install a current one.")
  endif()
else()
  find_package(Arrow CONFIG REQUIRED)
  find_package(Parquet CONFIG REQUIRED)
  message(STATUS "Arrow: ${Arrow_VERSION} of the system")
  target_link_libraries(schemaregistry_arrow INTERFACE Parquet::parquet_shared Arrow::arrow_shared)
endif()
