package web

import (
	"cmp"
	"net/http"
	"net/url"
	"strings"

	"utkik/internal/account"
)

// doorTexts are the words of the header about who has signed in; the pages for signing in are the door's own.
type doorTexts struct {
	SignIn     string `json:"sign_in"`
	SignOut    string `json:"sign_out"`
	SignedInAs string `json:"signed_in_as"` // before a name
	Log        string `json:"log"`
}

// visitor is who reads a page, in its header.
type visitor struct {
	Who     string // name of who has signed in; empty for somebody unknown
	SignOut string // address that ends it
	Log     string // of the audit log; empty for whoever may not read it
	SignIn  string // of the page for signing in, and back; empty where there is no way to, or it is done
}

func (s *Server) visitor(r *http.Request, f Frame) visitor {
	a := account.From(r.Context())
	switch {
	case a.ID != "":
		v := visitor{Who: cmp.Or(a.Name, a.ID), SignOut: f.address("/signout", url.Values{})}
		if a.May(account.Admin) {
			v.Log = f.address("/audit", url.Values{})
		}
		return v
	case s.cfg.SignIn:
		back := r.URL.RequestURI()
		if r.Method != http.MethodGet || strings.HasPrefix(r.URL.Path, "/sign") { // neither a form's address nor the door's
			back = "/"
		}
		return visitor{SignIn: f.address("/signin", url.Values{"back": {back}})}
	}
	return visitor{}
}
