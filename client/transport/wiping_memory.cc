#include "client/transport/wiping_memory.h"

#include <malloc.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

namespace libretto {
namespace {

void* Allocate(std::size_t size, void* /*unused*/) { return std::malloc(size); }

void* AllocateZeroed(std::size_t count, std::size_t size, void* /*unused*/) {
  return std::calloc(count, size);
}

void Free(void* block, void* /*unused*/) {
  if (block == nullptr) return;
  explicit_bzero(block, malloc_usable_size(block));
  std::free(block);
}

void* Reallocate(void* block, std::size_t size, void* unused) {
  void* moved = std::malloc(size);
  if (moved == nullptr || block == nullptr) return moved;
  std::memcpy(moved, block, std::min(size, malloc_usable_size(block)));
  Free(block, unused);
  return moved;
}

}  // namespace

nghttp2_mem* WipingMemory() {
  static nghttp2_mem memory = {nullptr, Allocate, Free, AllocateZeroed,
                               Reallocate};
  return &memory;
}

}  // namespace libretto
