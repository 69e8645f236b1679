package api

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"utkik/index"
	"utkik/internal/account"
	"utkik/internal/call"
)

// Examples are what a service over the tests' store answers; a test holds them to it.
//
//go:embed examples/*.json templates/*.html locale/*.json
var files embed.FS

func info() *huma.Info {
	return &huma.Info{
		Title: "Utkik", Version: "1.0.0",
		Description: "EU funding calls and consultations, with every version, every change and why they matter to the " +
			"authority's plan.\n\n" +
			"**Names** of a call's fields are those of the exchange format; days are days of Brussels, times are RFC 3339.\n\n" +
			"**Paging**: answers of more than one page have `next`; send it as `cursor` with the same filters. Cursors may be " +
			"kept for any time. " +
			"One that is of another list answers 400, one whose place is gone 410.\n\n" +
			"**Saving traffic**: every GET has an ETag, the same on every machine and after a restart; send it as If-None-Match " +
			"and get 304.\n\n" +
			"**Mistakes** are answered with application/problem+json: `detail` says what was wrong, `mend` what to do. " +
			"Parameters that do not exist are mistakes.\n\n" +
			"**Keys**: `Authorization: Bearer utk_…`. Where reading is open, reading needs none.\n\n" +
			"**Growth**: answers may get more fields under /api/v1; nothing is taken away or altered in meaning.",
	}
}

// schemaPrefix is where types stand in the description.
const schemaPrefix = "#/components/schemas/"

func tags() []*huma.Tag {
	return []*huma.Tag{
		{Name: "calls", Description: "Calls and consultations"}, {Name: "history", Description: "Versions and changes"},
		{Name: "plan", Description: "The plan, matches and decisions"}, {Name: "sources", Description: "Where calls come from"},
		{Name: "mail", Description: "Recipients, subscriptions and what was sent"},
	}
}

func security() map[string]*huma.SecurityScheme {
	return map[string]*huma.SecurityScheme{"key": {Type: "http", Scheme: "bearer",
		Description: "A key, given with `utkik keys add`."}}
}

// schemaName is what a type is called in the description.
func schemaName(t reflect.Type, hint string) string {
	switch t {
	case reflect.TypeFor[call.Link]():
		return "CallLink"
	case reflect.TypeFor[index.Other]():
		return "CallKey"
	}
	return huma.DefaultSchemaNamer(t, hint)
}

// humaOperation is an operation in the library's words.
func (s *Server) humaOperation(op *operation) huma.Operation {
	if op.status == 0 {
		op.status = http.StatusOK
	}
	out := huma.Operation{
		Method: op.method, Path: op.path, OperationID: op.id, Tags: []string{op.tag}, Summary: op.summary,
		Description: op.about, DefaultStatus: op.status,
		MaxBodyBytes: maxBody, Responses: map[string]*huma.Response{}, Security: []map[string][]string{{"key": {}}},
		Extensions: map[string]any{"x-role": op.role.String()},
	}
	if op.role <= account.Reader { // open, where reading is
		out.Security = append(out.Security, map[string][]string{})
	}
	good := &huma.Response{Description: "As asked."}
	if example, err := files.ReadFile("examples/" + op.id + ".json"); err == nil && op.status != http.StatusNoContent {
		good.Content = map[string]*huma.MediaType{"application/json": {Example: json.RawMessage(example)}}
	}
	out.Responses[fmt.Sprint(op.status)] = good
	problem := s.huma.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[Problem](), true, "Problem")
	bad := map[int]string{400: "A parameter that does not exist, a cursor of another list, or a query that cannot be read.",
		401: "Not signed in.", 403: "Signed in, but without the role.",
		422: "A value that does not fit.", 429: "More than one may ask at a time: see Retry-After.", 503: "Took too long."}
	if strings.Contains(op.path, "{") || op.method != get {
		bad[404] = "Not found."
	}
	if op.method == get {
		out.Responses["304"] = &huma.Response{Description: "Still as the If-None-Match of the request has it."}
		good.Headers = map[string]*huma.Param{"ETag": {Description: "Names this answer by its bytes.",
			Schema: &huma.Schema{Type: "string"}}}
	}
	for _, id := range []string{"list-changes", "list-calls", "search", "list-matches"} {
		if op.id == id {
			bad[410] = "The cursor's place is gone: begin anew."
		}
	}
	switch op.id {
	case "create-recipient":
		bad[409] = "There is one of that id."
	case "replace-recipient", "delete-recipient":
		bad[412] = "It is another by now than If-Match says."
	}
	for status, why := range bad {
		out.Responses[fmt.Sprint(status)] = &huma.Response{Description: why,
			Content: map[string]*huma.MediaType{"application/problem+json": {Schema: problem}}}
	}
	return out
}

// callFields says what the fields of the exchange format are; [call.Call] says it to us.
var callFields = map[string]string{
	"source": "Id of the source.", "ref": "The source's own stable id.", "kind": "call, consultation, planned or news.",
	"title": "In language.", "programme": "Short name, such as HORIZON.",
	"call": "Code of the call that the topic belongs to.", "identifier": "Code of the topic.",
	"status": "forthcoming, open or closed, as the source says.", "opens": "A day of Brussels, or a time with zone.",
	"deadlines":      "In order of time; stages or cut-offs.",
	"deadline_model": "single-stage, two-stage or multiple cut-off.",
	"action_types":   "Forms of support, in the source's words.", "budget_eur": "Whole euros for this item.",
	"language": "Of title and text, BCP 47.", "text": "Plain; paragraphs apart by an empty line.",
	"url": "At the source, for people; as the source has it.", "topics": "The source's keywords or policy areas.",
	"call_title": "Of the call that the topic belongs to.", "parent_title": "Of a cascade call: the topic that funds it.",
	"project":   "Of a cascade call: the project that runs it.",
	"divisions": "Parts of the programme, coarse to fine.", "grants": "How many are expected.",
	"contribution_min_eur": "Per grant.", "contribution_max_eur": "Per grant.",
	"eligible": "Who may apply, in the source's words.", "expected": "When it will open, in words, where no day is stated.",
	"translations": "Its title in other languages.",
	"stages":       "Of a consultation: each time that it asks.", "links": "Documents and pages that its source names beside it.",
}

// describe makes the description of everything and serves it.
func (s *Server) describe() error {
	api := s.huma.OpenAPI()
	schemas := api.Components.Schemas.Map()
	delete(schemas, "ErrorModel") // ours are problems
	delete(schemas, "ErrorDetail")
	for _, schema := range schemas {
		for _, property := range schema.Properties {
			property.Nullable = property.Nullable && property.Type != huma.TypeArray // lists are empty, not absent
		}
	}
	for key, doc := range callFields {
		schemas["Call"].Properties[key].Description = doc
	}
	for _, op := range s.ops {
		if op.body == "" {
			continue
		}
		item := *api.Paths[op.path]
		for _, o := range []*huma.Operation{item.Post, item.Put} {
			if o != nil && o.Method == op.method {
				o.RequestBody.Content["application/json"].Example = json.RawMessage(op.body)
			}
		}
	}
	raw, err := json.Marshal(api)
	if err != nil {
		return fmt.Errorf("api: description: %v", err)
	}
	var b bytes.Buffer
	if err := json.Indent(&b, raw, "", "  "); err != nil {
		return fmt.Errorf("api: description: %v", err)
	}
	b.WriteByte('\n')
	s.spec = b.Bytes()
	s.handle("GET "+Prefix+"/openapi.json", account.Nobody, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-cache")
		_, _ = w.Write(s.spec) // who asked went away: nothing to do
	})
	return nil
}

// described gives an operation as the description has it.
func (s *Server) described(op *operation) *huma.Operation {
	item := s.huma.OpenAPI().Paths[op.path]
	i := slices.IndexFunc([]*huma.Operation{item.Get, item.Post, item.Put, item.Delete},
		func(o *huma.Operation) bool { return o != nil && o.OperationID == op.id })
	return []*huma.Operation{item.Get, item.Post, item.Put, item.Delete}[i]
}
