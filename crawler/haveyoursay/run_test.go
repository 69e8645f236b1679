package haveyoursay_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"utkik/crawler"
	"utkik/crawler/crawltest"
	"utkik/crawler/haveyoursay"
	"utkik/crawler/kind"
	"utkik/internal/call"
)

// nowhere keeps nothing and knows nothing.
type nowhere struct{}

func (nowhere) Stored(context.Context, string) (kind.Document, bool, error) {
	return kind.Document{}, false, nil
}
func (nowhere) Keep(context.Context, kind.Document, string) error                { return nil }
func (nowhere) Absent(context.Context, []kind.Item) (out []call.Call, err error) { return nil, nil }

// TestIntermittent500 plays the portal's habit of failing now and then: it is asked again, on every page of the list and
// for details, and what comes then is the whole. The archive failing.txtar shows a page that fails for good.
func TestIntermittent500(t *testing.T) {
	t.Parallel()
	const failure = "HTTP/1.1 500 Internal Server Error\nContent-Type: application/json\n\n{\"status\":500,\"message\":\"general_error\"}"
	src := source(t)
	list := src.Address["list"] + "&page=%d&size=100"
	detail := "https://ec.europa.eu/info/law/better-regulation/brpapi/groupInitiatives/%d?language=EN"
	ar := &txtar.Archive{}
	answer := func(url, body string) {
		for _, data := range []string{failure, failure, body} {
			ar.Files = append(ar.Files, txtar.File{Name: "GET " + url, Data: []byte(data)})
		}
	}
	row := func(id int) string {
		return fmt.Sprintf(`{"id":%d.0,"shortTitle":"Initiative %d","currentStatuses":[{"frontEndStage":"OPC_LAUNCHED","receivingFeedbackStatus":"OPEN","feedbackStartDate":"2026/04/01 10:00:00","feedbackEndDate":"2026/06/24 23:59:59","isCurrent":true}]}`, id, id)
	}
	answer(fmt.Sprintf(list, 0), `{"initiativeResultDtoPage":{"content":[`+row(16001)+`,`+row(16002)+`],"totalElements":3,"totalPages":2,"number":0,"size":2}}`)
	answer(fmt.Sprintf(list, 1), `{"initiativeResultDtoPage":{"content":[`+row(16003)+`],"totalElements":3,"totalPages":2,"number":1,"size":2}}`)
	for id := 16001; id <= 16003; id++ {
		answer(fmt.Sprintf(detail, id), fmt.Sprintf(`{"id":%d,"dossierSummary":"<p>About %d.</p>"}`, id, id))
	}
	replay, err := crawltest.NewReplay(ar)
	if err != nil {
		t.Fatal(err)
	}
	e, err := crawler.New(crawler.Config{
		UserAgent: "utkik/test", AllowPrivate: true, Transport: replay, Backoff: time.Nanosecond,
		Now:  func() time.Time { return time.Date(2026, time.May, 13, 6, 0, 0, 0, time.UTC) },
		Rand: func() float64 { return 0 },
	})
	if err != nil {
		t.Fatal(err)
	}
	src.Delay, src.Expect = 0, kind.Expect{}
	rep, err := e.Run(t.Context(), src, haveyoursay.Kind{}, nowhere{})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, it := range rep.Items {
		got = append(got, it.Call.Ref+" "+it.Call.Text)
	}
	if want := []string{"16001 About 16001.", "16002 About 16002.", "16003 About 16003."}; !slices.Equal(got, want) || !rep.Complete || !rep.Listed {
		t.Errorf("got %q, complete %v, listed %v: %s", got, rep.Complete, rep.Listed, rep.Err)
	}
}
