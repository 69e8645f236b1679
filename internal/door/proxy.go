package door

import (
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// behindProxies gives the request with the address of who asks in place of the trusted proxy's that asks for it. What
// others say of themselves is not believed: the last address that no trusted proxy has is who asks.
func (d *Door) behindProxies(r *http.Request) *http.Request {
	at, ok := hostOf(r.RemoteAddr)
	if !ok || !d.trusts(at) {
		return r
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for _, hop := range slices.Backward(hops) {
		next, ok := hostOf(strings.TrimSpace(hop))
		if !ok {
			break
		}
		at = next
		if !d.trusts(at) {
			break
		}
	}
	out := r.Clone(r.Context())
	out.RemoteAddr = net.JoinHostPort(at.String(), "0")
	return out
}

func (d *Door) trusts(a netip.Addr) bool {
	return slices.ContainsFunc(d.cfg.Proxies, func(p netip.Prefix) bool { return p.Contains(a) })
}

// hostOf reads an address with or without a port.
func hostOf(s string) (netip.Addr, bool) {
	if ap, err := netip.ParseAddrPort(s); err == nil {
		return ap.Addr().Unmap().WithZone(""), true
	}
	a, err := netip.ParseAddr(strings.Trim(s, "[]"))
	return a.Unmap().WithZone(""), err == nil
}

// plainHere tells whether the request came in the clear from the machine itself, where browsers keep no cookie that asks
// for https. Everywhere else cookies do.
func plainHere(r *http.Request) bool {
	host := r.Host
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	ip := net.ParseIP(strings.Trim(host, "[]"))
	return r.TLS == nil && (host == "localhost" || ip != nil && ip.IsLoopback())
}
