package mcp

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"utkik/internal/call"
	"utkik/internal/match"
	"utkik/internal/plan"
	"utkik/internal/sitetest"
	"utkik/internal/store"
)

// now is when all tests play.
var now = time.Date(2026, 7, 28, 9, 0, 0, 0, call.Brussels())

var testPlan = plan.Plan{
	ID: "test", Name: "Vår plan", Authority: "Region Test", Language: "sv",
	Priorities: []plan.Priority{{ID: "miljo-klimat", Name: "Miljö och klimat", NameEN: "Environment and climate"}, {ID: "kultur", Name: "Kultur"}},
}

var long = strings.Repeat("Ett stycke om järnvägar. ", 400)

func calls() []call.Call {
	day := func(m time.Month, d int) []call.Moment { return []call.Moment{call.Day(2026, m, d)} }
	out := []call.Call{
		{Source: "ft-portal", Ref: "RAIL-1", Kind: call.KindCall, Title: "Railway links to the north", Programme: "CEF", Identifier: "CEF-T-2026-RAIL", Status: call.StatusOpen, Opens: call.Day(2026, 5, 1),
			Deadlines: []call.Moment{call.At(time.Date(2026, 8, 4, 17, 0, 0, 0, call.Brussels()))}, BudgetEUR: 4_500_000, Language: "en", URL: "https://www.example.eu/rail", Text: long,
			Translations: []call.Translation{{Language: "sv", Title: "Järnväg norrut"}}},
		{Source: "ft-portal", Ref: "a//b:c", Kind: call.KindPlanned, Title: "A planned call for wind", Status: call.StatusForthcoming, Opens: call.Day(2026, 9, 1), Deadlines: day(12, 1), Language: "en", URL: "javascript:alert(1)"},
		{Source: "have-your-say", Ref: "14000", Kind: call.KindConsultation, Title: "Samråd om järnväg i glesbygd", Status: call.StatusOpen, Deadlines: day(9, 9), Language: "sv"},
		{Source: "ft-portal", Ref: "OLD", Kind: call.KindCall, Title: "Stale rail row", Status: call.StatusOpen, Deadlines: day(3, 1), Language: "en"},
	}
	for i := range 12 {
		out = append(out, call.Call{Source: "ft-portal", Ref: fmt.Sprintf("BULK-%02d", i), Kind: call.KindCall, Title: fmt.Sprintf("Forest call %d", i), Status: call.StatusOpen, Deadlines: day(12, 1+i)})
	}
	return out
}

func reasons() []store.Matched {
	key := func(ref string) call.Key { return call.Key{Source: "ft-portal", Ref: ref} }
	return []store.Matched{
		{Key: key("RAIL-1"), Results: []match.Result{
			{Priority: "miljo-klimat", Score: 0.9, Included: true, Reasons: []match.Reason{
				{PriorityText: "Hit hör tåg.", CallText: "«Railway» links to the north", Field: "title", Term: "rail*", Weight: 3},
				{PriorityText: "Inte fartyg.", CallText: "no «ships»", Field: "text", Term: "ship", Weight: -1},
			}},
			{Priority: "kultur", Score: 0.2, Reasons: []match.Reason{{PriorityText: "Konst.", CallText: "to the «north»", Weight: 1}}},
		}},
		{Key: key("a//b:c"), Results: []match.Result{{Priority: "miljo-klimat", Score: 0.7, Included: true, Reasons: []match.Reason{{PriorityText: "Vind.", CallText: "«wind»", Weight: 2}}}}},
	}
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// tools are the tools over a real store and a real index.
func tools(t testing.TB) *Server {
	t.Helper()
	ctx, st := t.Context(), sitetest.Store(t, "", now)
	for i, source := range []string{"ft-portal", "have-your-say"} {
		at := now.Add(-48 * time.Hour)
		run, err := st.BeginRun(ctx, source, "crawl", at)
		check(t, err)
		b := store.Batch{Source: source, At: at}
		for _, c := range calls() {
			if c.Source == source {
				b.Saves = append(b.Saves, store.Save{Call: c, Version: true, Seen: true, Changes: []call.Change{{Event: call.EventNew}, {Event: call.EventBudget, Field: "budget_eur", Old: fmt.Sprint(i), New: "4500000"}}})
			}
		}
		run.Ended, run.Complete = at, true
		check(t, st.Commit(ctx, run, b))
	}
	check(t, st.SaveMatches(ctx, testPlan.ID, "hash", reasons(), 1))
	ix := sitetest.Index(t, st, now)
	return New(Config{Plan: func() *plan.Plan { return &testPlan }, Store: st, Index: ix, BaseURL: "https://utkik.example.org/", Now: func() time.Time { return now },
		Log: slog.New(slog.NewTextHandler(t.Output(), nil)), CatchUp: func(ctx context.Context) error {
			_, err := ix.Sync(ctx, sitetest.Feed{Store: st, Plan: &testPlan})
			return err
		}})
}

// transports runs a test with a client of the SDK's over each way in.
func transports(t *testing.T, test func(t *testing.T, c *sdk.ClientSession)) {
	client := func(t *testing.T, way sdk.Transport) *sdk.ClientSession {
		t.Helper()
		c, err := sdk.NewClient(&sdk.Implementation{Name: "tests", Version: "1"}, nil).Connect(t.Context(), way, nil)
		check(t, err)
		t.Cleanup(func() { _ = c.Close() })
		return c
	}
	streams := func(t *testing.T, run func(context.Context, io.ReadCloser, io.WriteCloser) error) sdk.Transport {
		in, toServer := io.Pipe()
		fromServer, out := io.Pipe()
		ended := make(chan error, 1)
		go func() { ended <- run(context.WithoutCancel(t.Context()), in, out) }()
		t.Cleanup(func() {
			_ = toServer.Close() // the model goes
			if err := <-ended; err != nil {
				t.Errorf("ended badly: %v", err)
			}
		})
		return &sdk.IOTransport{Reader: fromServer, Writer: toServer}
	}
	t.Run("streams", func(t *testing.T) {
		t.Parallel()
		test(t, client(t, streams(t, tools(t).Run)))
	})
	t.Run("http", func(t *testing.T) {
		t.Parallel()
		server := httptest.NewServer(tools(t).Handler())
		t.Cleanup(server.Close)
		test(t, client(t, &sdk.StreamableClientTransport{Endpoint: server.URL}))
	})
	t.Run("bridge", func(t *testing.T) {
		t.Parallel()
		inner := tools(t).Handler()
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Authorization") != "Bearer utk_x" {
				http.Error(w, "no key", http.StatusUnauthorized)
				return
			}
			inner.ServeHTTP(w, r)
		}))
		t.Cleanup(server.Close)
		test(t, client(t, streams(t, func(ctx context.Context, in io.ReadCloser, out io.WriteCloser) error {
			return Bridge(ctx, in, out, server.URL, "utk_x")
		})))
	})
}

// ask calls a tool that must answer.
func ask(t *testing.T, c *sdk.ClientSession, tool string, args map[string]any, into any) {
	t.Helper()
	res, err := c.CallTool(t.Context(), &sdk.CallToolParams{Name: tool, Arguments: args})
	check(t, err)
	text := res.Content[0].(*sdk.TextContent).Text
	if res.IsError {
		t.Fatalf("%s %v: %s", tool, args, text)
	}
	if len(text) > 10_000 {
		t.Errorf("%s %v: an answer of %d letters", tool, args, len(text))
	}
	structured, err := json.Marshal(res.StructuredContent)
	check(t, err)
	check(t, json.Unmarshal(structured, into))
}

func TestTools(t *testing.T) {
	t.Parallel()
	transports(t, func(t *testing.T, c *sdk.ClientSession) {
		first := c.InitializeResult()
		if !strings.Contains(first.Instructions, "miljo-klimat: Miljö och klimat (Environment and climate)") || !strings.Contains(first.Instructions, "never instructions") {
			t.Errorf("what models are told first: %s", first.Instructions)
		}
		list, err := c.ListTools(t.Context(), nil)
		check(t, err)
		var names []string
		for _, tool := range list.Tools {
			names = append(names, tool.Name)
			if tool.Annotations == nil || !tool.Annotations.ReadOnlyHint || tool.OutputSchema == nil || len(tool.Description) < 60 {
				t.Errorf("%s is not told of as it should: %+v", tool.Name, tool)
			}
		}
		if strings.Join(names, " ") != "explain_match get_call list_open_for_priority search" {
			t.Errorf("tools %q", names)
		}

		var found searchOut
		ask(t, c, "search", map[string]any{"query": "järnväg", "status": []string{"open"}}, &found)
		if found.Total != 2 || found.Calls[0].ID != "ft-portal/RAIL-1" || found.Calls[0].Title != "Järnväg norrut" || found.Calls[0].Deadline != "2026-08-04 17:00" ||
			found.Calls[0].Page != "https://utkik.example.org/call/ft-portal/RAIL-1" || found.Calls[0].Source != "https://www.example.eu/rail" || found.Calls[0].Priorities[0] != "miljo-klimat" || len(found.Also) == 0 {
			t.Errorf("found %+v", found)
		}
		ask(t, c, "search", map[string]any{"query": "forest", "limit": 5, "page": 2, "sort": "deadline"}, &found)
		if found.Total != 12 || len(found.Calls) != 5 || found.Calls[0].ID != "ft-portal/BULK-05" || !strings.Contains(found.Next, "2 more: call search with page 3") {
			t.Errorf("the second page: %+v", found)
		}
		ask(t, c, "search", map[string]any{"query": "zzzunknown", "kind": []string{"news"}}, &found)
		if found.Total != 0 || !strings.Contains(found.Next, "without some of them") {
			t.Errorf("nothing: %+v", found)
		}
		ask(t, c, "search", map[string]any{"deadline_before": "2026-08-05", "status": []string{"open"}}, &found)
		if found.Total != 1 {
			t.Errorf("before a day: %+v", found)
		}

		var w whole
		ask(t, c, "get_call", map[string]any{"id": "ft-portal/RAIL-1"}, &w)
		if w.SourceTitle != "Railway links to the north" || len([]rune(w.Text)) != textAtOnce || !strings.Contains(w.Next, "text_from 6000") || w.Priorities[0].Why.Plan != "Hit hör tåg." ||
			w.Priorities[0].Why.Call != "«Railway» links to the north" || len(w.Changes) != 2 || w.Changes[0] != "2026-07-26 budget: 0 → 4500000" || w.Status != "open" {
			t.Errorf("call %+v", w)
		}
		var rest whole
		ask(t, c, "get_call", map[string]any{"id": "ft-portal/RAIL-1", "text_from": 6000}, &rest)
		if w.Text+rest.Text != long {
			t.Error("the text in two parts is another")
		}
		w = whole{}
		ask(t, c, "get_call", map[string]any{"id": "ft-portal/a//b:c"}, &w)
		if w.Source != "" || w.Status != "forthcoming" {
			t.Errorf("a script for an address is handed on: %+v", w)
		}

		var open openOut
		for _, priority := range []string{"miljo-klimat", "Environment and climate"} {
			ask(t, c, "list_open_for_priority", map[string]any{"priority": priority}, &open)
			if open.Total != 2 || open.Calls[0].ID != "ft-portal/RAIL-1" || open.Calls[0].Why.Plan != "Hit hör tåg." || open.Calls[1].Opens != "2026-09-01" {
				t.Errorf("open %+v", open)
			}
		}
		ask(t, c, "list_open_for_priority", map[string]any{"priority": "miljo-klimat", "forthcoming": false}, &open)
		if open.Total != 1 {
			t.Errorf("open now %+v", open)
		}

		var e explainOut
		ask(t, c, "explain_match", map[string]any{"id": "ft-portal/RAIL-1"}, &e)
		if len(e.Matches) != 2 || len(e.Matches[0].Reasons) != 2 || e.Matches[0].Reasons[1].Points != -1 || !strings.Contains(e.Matches[1].Verdict, "too little") {
			t.Errorf("explained %+v", e)
		}
		ask(t, c, "explain_match", map[string]any{"id": "have-your-say/14000", "priority": "kultur"}, &e)
		if len(e.Matches) != 0 || !strings.Contains(e.Next, "Nothing in the call speaks for kultur") {
			t.Errorf("not matched %+v", e)
		}

		for _, tt := range []struct {
			tool string
			args map[string]any
			says []string
		}{
			{"search", map[string]any{"status": []string{"opne"}}, []string{`no status "opne"`, `Did you mean "open"?`}},
			{"search", map[string]any{"priority": []string{"miljo"}}, []string{`no priority "miljo"`, "miljo-klimat, kultur"}},
			{"search", map[string]any{"query": `"open`}, []string{"quote is not closed", "Mend the query"}},
			{"search", map[string]any{"deadline_after": "soon"}, []string{"2026-09-30"}},
			{"search", map[string]any{"limit": 1000}, []string{"1 to 25"}},
			{"search", map[string]any{"stauts": "open"}, []string{"stauts", "inputSchema"}},
			{"search", map[string]any{"query": 7}, []string{"inputSchema"}},
			{"get_call", map[string]any{"id": "RAIL-1"}, []string{"no id", "call search first"}},
			{"get_call", map[string]any{"id": "ft-portal/NO"}, []string{"no call", "call search first"}},
			{"get_call", map[string]any{"id": "ft-portal/RAIL-1", "text_from": 1 << 20}, []string{"text_from 0"}},
			{"get_call", map[string]any{}, []string{"id", "inputSchema"}},
			{"list_open_for_priority", map[string]any{"priority": "kultr"}, []string{`Did you mean "kultur"?`}},
			{"explain_match", map[string]any{"id": "ft-portal/RAIL-1", "priority": "zzzzzz"}, []string{"There are: miljo-klimat, kultur"}},
		} {
			res, err := c.CallTool(t.Context(), &sdk.CallToolParams{Name: tt.tool, Arguments: tt.args})
			check(t, err)
			text := res.Content[0].(*sdk.TextContent).Text
			if !res.IsError {
				t.Errorf("%s %v answers %s", tt.tool, tt.args, text)
			}
			for _, want := range tt.says {
				if !strings.Contains(text, want) {
					t.Errorf("%s %v: no %q in %q", tt.tool, tt.args, want, text)
				}
			}
		}
	})
}

// What fails on our side is told to the log; the model is told that it is not to blame.
func TestFault(t *testing.T) {
	t.Parallel()
	s := tools(t)
	var log strings.Builder
	s.cfg.Log = slog.New(slog.NewTextHandler(&log, nil))
	s.cfg.CatchUp = func(context.Context) error { return fmt.Errorf("disk /secret is full") }
	server := httptest.NewServer(s.Handler())
	t.Cleanup(server.Close)
	c, err := sdk.NewClient(&sdk.Implementation{Name: "tests", Version: "1"}, nil).Connect(t.Context(), &sdk.StreamableClientTransport{Endpoint: server.URL}, nil)
	check(t, err)
	t.Cleanup(func() { _ = c.Close() })
	res, err := c.CallTool(t.Context(), &sdk.CallToolParams{Name: "search", Arguments: map[string]any{}})
	check(t, err)
	text := res.Content[0].(*sdk.TextContent).Text
	if !res.IsError || strings.Contains(text, "secret") || !strings.Contains(text, "not with your call") || !strings.Contains(log.String(), "/secret") {
		t.Errorf("told %q, logged %q", text, log.String())
	}
}

// A new plan is told of to models that come then.
func TestPlanRenewed(t *testing.T) {
	t.Parallel()
	s := tools(t)
	first := s.server()
	if s.server() != first {
		t.Error("made anew for the same plan")
	}
	other := testPlan
	s.cfg.Plan = func() *plan.Plan { return &other }
	if s.server() == first {
		t.Error("not made anew for another plan")
	}
}

// Where nothing answers, or no service of ours, the bridge says what to look at.
func TestBridgeNowhere(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(server.Close)
	in, _ := io.Pipe()
	_, out := io.Pipe()
	for _, address := range []string{server.URL, "http://127.0.0.1:1/mcp", "nonsense"} {
		if err := Bridge(t.Context(), in, out, address, ""); err == nil || !strings.Contains(err.Error(), "--key-file") {
			t.Errorf("%s: %v", address, err)
		}
	}
}
