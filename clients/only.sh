#!/bin/sh
# Run a plugin of buf.gen.yaml where $STUBS names it (or is unset); else answer with no file, as a plugin that knows
# proto3 optional (plugin.proto: supported_features = 1).
case " ${STUBS:-$1} " in
*" $1 "*) shift && exec "$@" ;;
*) cat >/dev/null && printf '\020\001' ;;
esac
