package haveyoursay

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"utkik/internal/call"
	"utkik/internal/text"
)

// captured reads a file of ../shared/portals/have-your-say/captured. Those are lists that others derived from the
// portal; no answer of its own is among them. Where they are missing the test skips, but not in CI.
func captured(t *testing.T, name string, into any) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "..", "..", "shared", "portals", "have-your-say", "captured", name))
	if os.IsNotExist(err) && os.Getenv("CI") != "true" {
		t.Skipf("SKIPPED: %v: it needs the shared captures beside the project", err)
	}
	if err == nil {
		err = json.Unmarshal(data, into)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestCaptured puts the facts of every captured consultation, ten years of numbers, titles, dates and topics, into
// the portal's shape, and finds them in the calls.
func TestCaptured(t *testing.T) {
	t.Parallel()
	var facts []struct {
		ID    string `json:"initiative_id"`
		Title string `json:"initiative_name"`
		Topic string `json:"topic"`
		Span  string `json:"consultation_period"`
		Start string `json:"consultation_start_date"`
		End   string `json:"consultation_end_date"`
	}
	captured(t, "eu_consultations_2016_2026_20260113_152839.json", &facts)
	var rows []string
	type want struct{ title, opens, closes, topics string }
	wanted := map[string]want{}
	for _, f := range facts {
		start, err1 := time.Parse("02 January 2006", f.Start)
		end, err2 := time.Parse("02 January 2006", f.End)
		if err1 != nil || err2 != nil {
			t.Fatalf("%s: %v, %v", f.ID, err1, err2)
		}
		// The same in the words of the portal's pages: a span is its last day, and its first is before the dash.
		first, _, _ := strings.Cut(f.Span, " - ")
		opens, _ := text.ParseDate(first, text.Options{})
		closes := text.Dates(f.Span, text.Options{})
		if len(closes) != 1 || opens.String() != start.Format(time.DateOnly) || closes[0].Moment.String() != end.Format(time.DateOnly) {
			t.Errorf("%s: %q is read as %s to %v", f.ID, f.Span, opens, closes)
		}
		var list []topic
		for _, label := range strings.Split(f.Topic, ", ") {
			if label != "" {
				list = append(list, topic{Label: label})
			}
		}
		title, err := json.Marshal(f.Title)
		if err != nil {
			t.Fatal(err)
		}
		labels, err := json.Marshal(list)
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, fmt.Sprintf(`{"id":%s.0,"shortTitle":%s,"topics":%s,"currentStatuses":[{"frontEndStage":"OPC_LAUNCHED","receivingFeedbackStatus":"CLOSED","feedbackStartDate":"%s","feedbackEndDate":"%s","isCurrent":true}]}`,
			f.ID, title, labels, start.Format("2006/01/02 15:04:05"), end.Format("2006/01/02")+" 23:59:59"))
		var names []string
		for _, l := range list {
			names = append(names, l.Label)
		}
		slices.Sort(names)
		wanted[f.ID] = want{strings.Join(strings.Fields(f.Title), " "), start.Format(time.DateOnly), end.Format(time.DateOnly), strings.Join(slices.Compact(names), "|")}
	}
	seen := map[string]bool{}
	for some := range slices.Chunk(rows, pageSize) {
		body := fmt.Sprintf(`{"initiativeResultDtoPage":{"content":[%s],"totalElements":%d,"number":0,"size":100}}`, strings.Join(some, ","), len(rows))
		p := parse(t, unfiltered(), []byte(body))
		if len(p.Items) != len(some) {
			t.Errorf("%d items of %d rows", len(p.Items), len(some))
		}
		for _, it := range p.Items {
			c := it.Call
			seen[c.Ref] = true
			w := wanted[c.Ref]
			if len(c.Deadlines) != 1 {
				t.Errorf("%s: deadlines %v", c.Ref, c.Deadlines)
				continue
			}
			if got := (want{c.Title, c.Opens.String(), c.Deadlines[0].String(), strings.Join(c.Topics, "|")}); got != w {
				t.Errorf("%s: got %+v, want %+v", c.Ref, got, w)
			}
			// Three stand without a title there, and would wait for somebody to look at them.
			if (it.Hold != "") != (c.Title == "") || c.Status != call.StatusClosed || c.Kind != call.KindConsultation {
				t.Errorf("%s: %s, held %q", c.Ref, c.Status, it.Hold)
			}
		}
	}
	if len(facts) != 657 || len(seen) != len(wanted) {
		t.Errorf("%d facts of %d initiatives, %d read", len(facts), len(wanted), len(seen))
	}
}

// TestCapturedOpen puts the consultations that stood open on one day of 2026 into the portal's shape: their titles, of
// which some carry entities, and the last day of each.
func TestCapturedOpen(t *testing.T) {
	t.Parallel()
	var facts []struct {
		ID       string `json:"id"`
		Title    string `json:"title"`
		Summary  string `json:"summary"`
		Deadline string `json:"deadline"`
	}
	captured(t, "consultations.json", &facts)
	for _, f := range facts {
		title, err := json.Marshal(f.Title)
		if err != nil {
			t.Fatal(err)
		}
		body := fmt.Sprintf(`{"initiativeResultDtoPage":{"content":[{"id":%s.0,"shortTitle":%s,"currentStatuses":[{"frontEndStage":"OPC_LAUNCHED","receivingFeedbackStatus":"OPEN","feedbackEndDate":"%s 23:59:59"}]}],"totalElements":1,"number":0,"size":100}}`,
			f.ID, title, strings.ReplaceAll(f.Deadline, "-", "/"))
		p := parse(t, listRequest(source, 0), []byte(body))
		if len(p.Items) != 1 || p.Items[0].Hold != "" {
			t.Fatalf("%s: %+v", f.ID, p)
		}
		c := p.Items[0].Call
		last, _ := c.LastDeadline()
		if c.Ref != f.ID || last.String() != f.Deadline || c.Status != call.StatusOpen || strings.ContainsAny(c.Title, "\u00a0&#") {
			t.Errorf("%s: %s, %s, %q", c.Ref, last, c.Status, c.Title)
		}
		if len(p.Next) != 1 {
			t.Fatalf("%s: asks for %v", f.ID, p.Next)
		}
		summary, err := json.Marshal(f.Summary)
		if err != nil {
			t.Fatal(err)
		}
		detail := parse(t, p.Next[0], fmt.Appendf(nil, `{"id":%s,"dossierSummary":%s,"publications":[]}`, f.ID, summary))
		if got := len(detail.Items); (got == 1) != (f.Summary != "") {
			t.Errorf("%s: a summary of %d bytes fills %d items", f.ID, len(f.Summary), got)
		}
	}
	if len(facts) != 11 {
		t.Errorf("%d facts", len(facts))
	}
}
