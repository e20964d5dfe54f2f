#!/bin/sh
# Run a plugin of buf.gen.yaml where $STUBS names it (or is unset); else answer with no file, as a plugin that knows
# proto3 optional (plugin.proto: supported_features = 1), or as a protoc that has nothing to write.
case " ${STUBS:-$1} " in
*" $1 "*) shift && exec "$@" ;;
*)
	cat >/dev/null
	case ${3:-plugin} in
	plugin) printf '\020\001' ;;
	--version) echo libprotoc 35.1 ;;
	esac
	;;
esac
