package main

import (
	"net"
	"net/http"
	"net/netip"
	"strings"

	"google.golang.org/grpc/codes"
)

// ownOrigin refuses web pages: requests with an Origin other than the gateway's own and, where the gateway listens on
// loopback only, with a Host that isn't loopback's. Without it any page that someone on this machine opens could read
// and write with the gateway's certificate (by cross-site requests or DNS rebinding).
func ownOrigin(listening net.Addr, next http.Handler) http.Handler {
	address, ok := listening.(*net.TCPAddr)
	onLoopback := ok && address.IP.IsLoopback()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if (onLoopback && !isLoopback(r.Host)) || fromElsewhere(r) {
			(&problem{
				http: http.StatusForbidden, code: codes.PermissionDenied, reason: "NOT_LOOPBACK",
				detail: "This address answers programs only, not web pages: use curl or a client, with the gateway's own host.",
			}).write(w)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func isLoopback(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	address, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return strings.EqualFold(host, "localhost") || (err == nil && address.IsLoopback())
}

func fromElsewhere(r *http.Request) bool {
	for _, origin := range r.Header.Values("Origin") {
		if !strings.EqualFold(origin, "http://"+r.Host) && !strings.EqualFold(origin, "https://"+r.Host) {
			return true
		}
	}
	return false
}
