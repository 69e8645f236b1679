package app

import (
	"net/http"

	"utkik/internal/account"
)

// site is all that serve answers. Nothing is answered but what was listed with the role that it asks for, so that whoever
// walks the list has seen everything.
type site struct {
	mux  *http.ServeMux
	list []address
}

// address is one pattern of an address, as http.ServeMux writes it, and the least role that it asks for. Nobody is open to
// all.
type address struct {
	Pattern string
	Role    account.Role
}

func newSite() *site { return &site{mux: http.NewServeMux()} }

func (s *site) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// page adds one address.
func (s *site) page(pattern string, role account.Role, h http.HandlerFunc) {
	s.list = append(s.list, address{pattern, role})
	s.mux.HandleFunc(pattern, h)
}

// room adds a room, which has a list of its own, at the patterns under which it is asked. It asks for the roles itself.
func (s *site) room(h http.Handler, list []address, patterns ...string) {
	s.list = append(s.list, list...)
	for _, p := range patterns {
		s.mux.HandleFunc(p, func(w http.ResponseWriter, r *http.Request) {
			h.ServeHTTP(w, r)
			routed(r)
		})
	}
}

// addressesOf is a room's own list.
func addressesOf[R ~struct {
	Pattern string
	Role    account.Role
}](list []R) []address {
	out := make([]address, len(list))
	for i, r := range list {
		out[i] = address(r)
	}
	return out
}
