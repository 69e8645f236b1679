package web

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"utkik/internal/account"
)

// Every address asks for its role, whoever added it, and answers with no more than a word where it is not given.
func TestRoutesAskForRoles(t *testing.T) {
	t.Parallel()
	s := site(t)
	s.cfg.Anyone = account.Nobody
	guarded := 0
	for _, route := range s.Routes() {
		method, path, ok := strings.Cut(route.Pattern, " ")
		if !ok {
			method, path = http.MethodGet, route.Pattern
		}
		if method != http.MethodGet && route.Role < account.Editor && !strings.Contains(path, "{token}") && path != "/save/own" { // TestSaveAsks
			t.Errorf("%s: a write that a reader may do", route.Pattern)
		}
		if route.Role == account.Nobody {
			continue
		}
		guarded++
		address := regexp.MustCompile(`\{[^}]*\}`).ReplaceAllString(strings.ReplaceAll(path, "{$}", ""), "x")
		for actor, want := range map[account.Actor]int{
			{}:                                  http.StatusUnauthorized,
			{ID: "known", Role: route.Role - 1}: http.StatusForbidden,
		} {
			r := httptest.NewRequestWithContext(account.With(t.Context(), actor), method, address, nil)
			w := httptest.NewRecorder()
			s.ServeHTTP(w, r)
			if w.Code != want {
				t.Errorf("%s for %v: %d, want %d", route.Pattern, actor, w.Code, want)
			}
		}
	}
	if guarded < 5 {
		t.Errorf("%d addresses are guarded", guarded)
	}
}
