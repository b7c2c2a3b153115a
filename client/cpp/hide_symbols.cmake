# cmake -D OBJECT=FILE -D EXPORTED=FILE -D NM=nm -D OBJCOPY=objcopy -P this
#
# Makes every defined name of OBJECT local but those that EXPORTED lists.

function(run)
  execute_process(COMMAND ${ARGN} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

# objcopy leaves "unique" names alone, of which the dynamic linker would make
# one for the whole program (static members of templates). Weak ones it takes.
execute_process(
  COMMAND ${NM} --defined-only --extern-only --format=posix ${OBJECT}
  OUTPUT_VARIABLE names COMMAND_ERROR_IS_FATAL ANY)
string(REGEX MATCHALL "[^\n ]+ u " unique "${names}")
list(TRANSFORM unique REPLACE " u $" "")
list(JOIN unique "\n" unique)
file(WRITE ${OBJECT}.unique "${unique}\n")

run(${OBJCOPY} --strip-debug --weaken-symbols=${OBJECT}.unique ${OBJECT})
run(${OBJCOPY} --wildcard --keep-global-symbols=${EXPORTED} ${OBJECT})
