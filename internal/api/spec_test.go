package api

import (
	"bytes"
	"encoding/json"
	"flag"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"utkik/internal/account"
)

var update = flag.Bool("update", false, "write the description and its examples anew")

// Every operation's example is what a service answers that holds the tests' calls. With -update, twice: the examples are
// part of the program, and so of the description.
func TestExamples(t *testing.T) {
	t.Parallel()
	s := onSQLite(t)
	for _, op := range s.api.ops {
		a := s.ask(op.method, Prefix+op.example, op.body)
		if a.status != op.status {
			t.Errorf("%s: the example answers %d, want %d: %s", op.id, a.status, op.status, a.body)
			continue
		}
		if a.status == http.StatusNoContent {
			continue
		}
		var b bytes.Buffer
		check(t, json.Indent(&b, bytes.TrimSpace(a.body), "", "  "))
		b.WriteByte('\n')
		golden(t, "examples/"+op.id+".json", b.Bytes())
	}
}

func TestDescription(t *testing.T) {
	t.Parallel()
	s := onSQLite(t)
	a := s.ask(http.MethodGet, Prefix+"/openapi.json", "")
	golden(t, "testdata/openapi.json", a.body)
	if bytes.Contains(a.body, []byte("ErrorModel")) {
		t.Error("the library's own form of errors is described, which nobody gets")
	}
	for _, ref := range regexp.MustCompile(`"\$ref": "#/components/schemas/([^"]+)"`).FindAllStringSubmatch(string(a.body), -1) {
		if s.api.huma.OpenAPI().Components.Schemas.Map()[ref[1]] == nil {
			t.Errorf("%s is referred to and not there", ref[1])
		}
	}
}

// Every field of the exchange format is told of.
func TestCallFields(t *testing.T) {
	t.Parallel()
	s := onSQLite(t)
	for name, property := range s.api.huma.OpenAPI().Components.Schemas.Map()["Call"].Properties {
		if property.Description == "" {
			t.Errorf("%s: not described", name)
		}
	}
}

func golden(t *testing.T, file string, got []byte) {
	t.Helper()
	if *update {
		check(t, os.WriteFile(file, got, 0o644))
		return
	}
	want, err := os.ReadFile(file)
	check(t, err)
	if d := cmp.Diff(string(want), string(got)); d != "" {
		t.Errorf("%s (-want +got), -update writes it anew:\n%s", file, d)
	}
}

// Every address asks for its role, and answers with no more than a word where it is not given; whatever writes asks for
// an editor.
func TestRoutesAskForRoles(t *testing.T) {
	t.Parallel()
	s := onSQLite(t)
	s.start(Config{Anyone: account.Nobody})
	guarded := 0
	for _, route := range s.api.Routes() {
		method, path, _ := strings.Cut(route.Pattern, " ")
		if method != http.MethodGet && route.Role < account.Editor {
			t.Errorf("%s: a write that a reader may do", route.Pattern)
		}
		if route.Role == account.Nobody {
			continue
		}
		guarded++
		address := regexp.MustCompile(`\{[^}]*\}`).ReplaceAllString(path, "x")
		for actor, want := range map[account.Actor]int{
			{}:                                  http.StatusUnauthorized,
			{ID: "known", Role: route.Role - 1}: http.StatusForbidden,
		} {
			s.actor = actor
			a := s.ask(method, address+"?unknown=1", "")
			if a.status != want {
				t.Errorf("%s for %v: %d, want %d", route.Pattern, actor, a.status, want)
			}
			a.problem(t)
			if want == http.StatusUnauthorized && a.header.Get("WWW-Authenticate") == "" {
				t.Errorf("%s: 401 without WWW-Authenticate", route.Pattern)
			}
		}
	}
	if guarded < 20 {
		t.Errorf("%d addresses are guarded", guarded)
	}
}
