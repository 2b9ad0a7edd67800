# The freestanding kernel: one static position-independent ELF, which moves itself at boot. libstdc++'s header-only parts are used; nothing of it is linked.
set(layers base arch/x86_64 lock trace log memory sched sync mapping io devices net vfs linux telemetry boot)

set(kernel_flags
  -O2 -g -fno-exceptions -fno-rtti -fpie -fvisibility=hidden -mno-red-zone -mgeneral-regs-only
  -fno-asynchronous-unwind-tables -fno-omit-frame-pointer -fno-threadsafe-statics -fno-strict-aliasing
  -fno-delete-null-pointer-checks -ffunction-sections -fdata-sections -fstack-protector-strong -mstack-protector-guard=global
  -fno-use-cxa-atexit -fcf-protection=none)

set(objects)
foreach(layer ${layers})
  string(REPLACE "/" "_" target ${layer})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${layer}/*.cc ${CMAKE_CURRENT_SOURCE_DIR}/${layer}/*.S)
  list(FILTER sources EXCLUDE REGEX "_test\\.cc$|_fuzz\\.cc$|/vdso/")
  if(sources)
    add_library(layer_${target} OBJECT ${sources})
    target_compile_options(layer_${target} PRIVATE $<$<COMPILE_LANGUAGE:CXX>:${kernel_flags}> $<$<COMPILE_LANGUAGE:ASM>:-g>)
    list(APPEND objects $<TARGET_OBJECTS:layer_${target}>)
  endif()
endforeach()

set(linker_script ${CMAKE_CURRENT_SOURCE_DIR}/arch/x86_64/kernel.ld)
set(link_options -nostdlib -static-pie -Wl,--no-dynamic-linker -Wl,-z,pack-relative-relocs -Wl,-T,${linker_script} -Wl,--gc-sections -Wl,-z,max-page-size=4096
  -Wl,--build-id=none -Wl,-z,noexecstack -Wl,--no-warn-rwx-segments)

# Linked twice: the names of the first link's functions go into the second, behind the text, which therefore stays where it was.
add_executable(osv-without-names.elf ${objects})
set(names ${CMAKE_CURRENT_BINARY_DIR}/symbols.S)
set(names_script ${CMAKE_CURRENT_SOURCE_DIR}/cmake/symbols.sh)
add_custom_command(
  OUTPUT ${names}
  COMMAND sh ${names_script} $<TARGET_FILE:osv-without-names.elf> > ${names}
  DEPENDS osv-without-names.elf ${names_script})
add_executable(osv.elf ${objects} ${names})
foreach(kernel osv-without-names.elf osv.elf)
  set_target_properties(${kernel} PROPERTIES LINK_DEPENDS ${linker_script} LINKER_LANGUAGE CXX)
  target_link_options(${kernel} PRIVATE ${link_options})
  target_link_libraries(${kernel} PRIVATE gcc)
endforeach()

# What is shipped carries function names for gdb, but no debug information: that lies beside it, where gdb looks for it.
add_custom_command(TARGET osv.elf POST_BUILD
  COMMAND ${CMAKE_OBJCOPY} --only-keep-debug osv.elf osv.elf.debug
  COMMAND ${CMAKE_OBJCOPY} --strip-debug --add-gnu-debuglink=osv.elf.debug osv.elf)

# The vDSO is an ELF shared object of its own, embedded as bytes.
set(vdso ${CMAKE_CURRENT_BINARY_DIR}/vdso.so)
set(vdso_sources ${CMAKE_CURRENT_SOURCE_DIR}/linux/vdso/vdso.cc)
add_custom_command(
  OUTPUT ${vdso}
  COMMAND ${CMAKE_CXX_COMPILER} -std=c++20 -O2 -fPIC -shared -nostdlib -fno-exceptions -fno-rtti -fno-stack-protector -fno-asynchronous-unwind-tables
    -mgeneral-regs-only -fcf-protection=none -fvisibility=default -I${CMAKE_CURRENT_SOURCE_DIR} -Wl,-T,${CMAKE_CURRENT_SOURCE_DIR}/linux/vdso/vdso.ld
    -Wl,-soname,linux-vdso.so.1 -Wl,--hash-style=both -Wl,-Bsymbolic -Wl,--build-id=none -Wl,-z,max-page-size=4096 -Wl,--strip-all
    -Wl,-z,noexecstack ${vdso_sources} -o ${vdso}
  DEPENDS ${vdso_sources} ${CMAKE_CURRENT_SOURCE_DIR}/linux/vdso/vdso.ld ${CMAKE_CURRENT_SOURCE_DIR}/sched/clock_parameters.hh ${CMAKE_CURRENT_SOURCE_DIR}/base/types.hh)
set(vdso_image ${CMAKE_CURRENT_SOURCE_DIR}/linux/vdso/image.S)
set_source_files_properties(${vdso_image} PROPERTIES COMPILE_DEFINITIONS "VDSO_PATH=\"${vdso}\"" OBJECT_DEPENDS ${vdso})
target_sources(osv-without-names.elf PRIVATE ${vdso_image})
target_sources(osv.elf PRIVATE ${vdso_image})
