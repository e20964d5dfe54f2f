/// `guarded`: turn exceptions into an `Error`, so that none leaves the library.
#pragma once

#include <exception>
#include <new>
#include <string>
#include <utility>

#include "schemaregistry/result.h"

namespace schemaregistry {

/// Call `work`, which returns a `Result`; an exception is returned as an error (OUT_OF_MEMORY, INTERNAL).
template <class Work>
auto guarded(Work&& work) noexcept -> decltype(work()) {
  try {
    return std::forward<Work>(work)();
  } catch (const std::bad_alloc&) {
    return Error{
        Code::resource_exhausted, "OUT_OF_MEMORY", "memory ran out: give the program more, or less to do", "", {}};
  } catch (const std::exception& thrown) {
    return Error{Code::internal, "INTERNAL", std::string("an unexpected failure: ") + thrown.what(), "", {}};
  } catch (...) {
    return Error{Code::internal, "INTERNAL", "an unexpected failure that has no description", "", {}};
  }
}

}  // namespace schemaregistry
