package api

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/google/jsonschema-go/jsonschema"

	"utkik/internal/call"
)

// What is answered and what is sent is as the description says, field by field: whoever makes a program of it is not
// surprised.
func TestAnswersFit(t *testing.T) {
	t.Parallel()
	s := onSQLite(t)
	var doc struct {
		Paths map[string]map[string]struct {
			OperationID string `json:"operationId"`
			RequestBody struct {
				Content map[string]struct{ Schema json.RawMessage }
			} `json:"requestBody"`
			Responses map[string]struct {
				Content map[string]struct{ Schema json.RawMessage }
			}
		}
		Components struct{ Schemas map[string]json.RawMessage }
	}
	check(t, json.Unmarshal(s.api.spec, &doc))
	fits := func(name string, schema json.RawMessage, body []byte) {
		t.Helper()
		// Its references point into the document: the schemas are handed along under the name that JSON Schema has for them.
		all, err := json.Marshal(map[string]any{"$defs": doc.Components.Schemas, "allOf": []json.RawMessage{schema}})
		check(t, err)
		var sch jsonschema.Schema
		check(t, json.Unmarshal([]byte(strings.ReplaceAll(string(all), schemaPrefix, "#/$defs/")), &sch))
		fit, err := sch.Resolve(nil)
		check(t, err)
		var v any
		check(t, json.Unmarshal(body, &v))
		if err := fit.Validate(v); err != nil {
			t.Errorf("%s: %v: %.300s", name, err, body)
		}
	}
	n := 0
	for _, op := range s.api.ops {
		d := doc.Paths[op.path][strings.ToLower(op.method)]
		if d.OperationID != op.id {
			t.Fatalf("%s is described as %q", op.id, d.OperationID)
		}
		if op.body != "" {
			fits(op.id+", sent", d.RequestBody.Content["application/json"].Schema, []byte(op.body))
		}
		a := s.ask(op.method, Prefix+op.example, op.body)
		if a.status != http.StatusNoContent {
			fits(op.id, d.Responses[strconv.Itoa(a.status)].Content["application/json"].Schema, a.body)
			n++
		}
		// A mistake is as described too, and of a status that is told of.
		path, _, _ := strings.Cut(op.example, "?")
		bad := s.ask(op.method, Prefix+path+"?nosuch=1", op.body)
		fits(op.id+", mistaken", d.Responses[strconv.Itoa(bad.status)].Content["application/problem+json"].Schema, bad.body)
	}
	if n < 20 {
		t.Errorf("%d answers were held to the description", n)
	}
	for _, c := range calls() { // of every shape that a call has
		a := s.ask(get, Prefix+"/calls/"+c.Key().Path(), "")
		fits(c.Key().String(), doc.Paths["/calls/{source}/{ref}"]["get"].Responses["200"].Content["application/json"].Schema, a.body)
	}
}

// A cursor that somebody has made, with a place that no answer has given, does no more than find nothing.
func TestForgedCursors(t *testing.T) {
	t.Parallel()
	s := onSQLite(t)
	all := scopeOf("calls", "")
	for address, cursor := range map[string]string{
		"/changes?cursor=":   seal(changeScope(&changesInput{}), place{Seq: -5, Mark: "x"}),
		"/changes?cursor= ":  seal(changeScope(&changesInput{}), place{Seq: 1 << 62, Mark: "x"}),
		"/calls?cursor=":     seal(all, keyPlace{Source: "\x00", Ref: strings.Repeat("z", 500)}),
		"/runs?cursor=":      seal(scopeOf("runs", ""), -1),
		"/runs?cursor= ":     seal(scopeOf("runs", ""), "text"),
		"/digests?cursor=":   seal(scopeOf("digests", []string{"", ""}), mailPlace{Written: -1 << 62}),
		"/decisions?cursor=": seal(scopeOf("decisions", []string{"", ""}), decisionPlace{N: -7}),
		"/decisions?source=ft-portal&ref=RAIL-1&cursor=": seal(scopeOf("decisions", []string{"ft-portal", "RAIL-1"}), decisionPlace{N: -7}),
		"/recipients?cursor=":                            seal(scopeOf("recipients", nil), "\xff"),
		"/search?q=rail&cursor=":                         seal(scopeOf("search", []string{"lang=sv", "q=rail", "sort=relevance"}), hitPlace{N: -1, Key: "x"}),
		"/search?q=rail&cursor= ":                        seal(scopeOf("search", []string{"lang=sv", "q=rail", "sort=relevance"}), hitPlace{N: 9_999, Key: call.Key{}.String()}),
	} {
		a := s.ask(get, Prefix+strings.TrimSpace(address)+cursor, "")
		if a.status >= 500 || a.status != 200 && a.problem(t).Type == problemType+"foreign-cursor" {
			t.Errorf("%s: %d %s", address, a.status, a.body)
		}
	}
}

// What is sent is JSON, and says so.
func TestMediaTypes(t *testing.T) {
	t.Parallel()
	s := onSQLite(t)
	body := `{"source":"ft-portal","ref":"RAIL-1","decision":"act","department":"kultur"}`
	for kind, want := range map[string]int{"application/json": 201, "application/json; charset=utf-8": 201, "text/plain": 415, "application/x-www-form-urlencoded": 415} {
		a := s.ask(post, Prefix+"/decisions", body, "Content-Type", kind)
		if a.status != want {
			t.Errorf("%s: %d %s, want %d", kind, a.status, a.body, want)
		}
		if want != 201 {
			a.problem(t)
		}
	}
	for _, accept := range []string{"", "*/*", "text/html", "application/xml"} {
		if a := s.ask(get, Prefix+"/priorities", "", "Accept", accept); a.status != 200 || !strings.HasPrefix(a.header.Get("Content-Type"), "application/json") {
			t.Errorf("asked for %q: %d %s", accept, a.status, a.header.Get("Content-Type"))
		}
	}
}
