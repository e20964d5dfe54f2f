# Warnings for our own code, and the sanitizers for all that is built here.
add_library(schemaregistry_warnings INTERFACE)
target_compile_options(schemaregistry_warnings INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Werror)

# gcc 12 sees overlaps in the standard library's own concatenation of strings.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  target_compile_options(schemaregistry_warnings INTERFACE -Wno-restrict)
endif()

if(SCHEMAREGISTRY_SANITIZE)
  add_compile_options(-fsanitize=${SCHEMAREGISTRY_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${SCHEMAREGISTRY_SANITIZE})
  # gcc 12 takes the standard library's own code for uninitialised once it is instrumented.
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(schemaregistry_warnings INTERFACE -Wno-maybe-uninitialized)
  endif()
endif()
