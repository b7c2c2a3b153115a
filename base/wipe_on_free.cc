// Wipe-on-free for a whole process: linked into the agent and the cloud, these
// definitions take the place of glibc's, also for the libraries they load. A
// freed byte never keeps its content, whoever freed it: gRPC's slices,
// protobuf's strings, libcurl's buffers. The price is about one per cent of a
// call.
//
// Not linked where a sanitizer owns the allocator.
#include <malloc.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>

// GCC knows what free() is and would drop stores to memory about to be freed;
// explicit_bzero() is opaque to it.
extern "C" {

void __libc_free(void* block);
void* __libc_malloc(std::size_t size);
void* __libc_realloc(void* block, std::size_t size);

void free(void* block) noexcept {
  if (block == nullptr) return;
  explicit_bzero(block, malloc_usable_size(block));
  __libc_free(block);
}

void* realloc(void* block, std::size_t size) noexcept {
  if (block == nullptr) return __libc_malloc(size);
  if (size == 0) {
    free(block);
    return nullptr;
  }
  const std::size_t usable = malloc_usable_size(block);
  // Staying put is safe; whatever moves is moved here, so that the old place
  // is wiped.
  if (size <= usable && size >= usable / 2) {
    explicit_bzero(static_cast<char*>(block) + size, usable - size);
    return block;
  }
  void* moved = __libc_malloc(size);
  if (moved == nullptr) return nullptr;
  std::memcpy(moved, block, size < usable ? size : usable);
  free(block);
  return moved;
}

void* reallocarray(void* block, std::size_t count, std::size_t size) noexcept {
  if (size != 0 && count > SIZE_MAX / size) {
    errno = ENOMEM;
    return nullptr;
  }
  return realloc(block, count * size);
}

}  // extern "C"
