package digest

import (
	"testing"
	"time"
)

// TestOperator writes the operator's mail, for a person to read.
func TestOperator(t *testing.T) {
	t.Parallel()
	day := func(d int) time.Time { return time.Date(2026, 5, d, 6, 0, 0, 0, time.UTC) }
	lasts := Matter{Key: "source:ft-portal:broken", Text: "source ft-portal is broken: status 503; see utkik sources ft-portal", Since: day(13)}
	subject, body, err := Operator([]Matter{
		lasts,
		{Key: "source:cinea:late", Text: "source cinea is late", Since: day(12), Mended: day(14)},
		{Key: "mail:server", Text: "no mail can be sent: 127.0.0.1 does not answer", Since: day(13)},
		{Key: "mail:address:kultur@example.org", Text: "kultur@example.org is refused for good", Since: day(14)},
		{Key: "mail:kultur/2026-05-13", Text: "the mail is refused for good", Since: day(14)},
		{Key: "disk", Text: "the disk is full", Since: day(15)},
	})
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "operator.txt", []byte(subject+"\n\n"+body))
	for _, tt := range []struct {
		matter Matter
		want   string
	}{
		{lasts, "Utkik: källan ft-portal kan inte läsas"},
		{Matter{Key: "source:cinea:late", Since: day(12), Mended: day(14)}, "Utkik: åtgärdat, källan cinea läses inte när den ska"},
	} {
		if got, _, err := Operator([]Matter{tt.matter}); err != nil || got != tt.want {
			t.Errorf("subject %q, want %q (%v)", got, tt.want, err)
		}
	}
}
