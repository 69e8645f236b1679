package digest

import (
	"fmt"
	"testing"

	"utkik/internal/subscription"
)

// BenchmarkReaders makes one reader's mail of a day on which 300 calls changed, text and HTML; each reader follows
// something else.
func BenchmarkReaders(b *testing.B) {
	in := normalDay()
	calls, changes := in.Calls, in.Changes
	in.Calls, in.Changes = nil, nil
	for n := 0; len(in.Changes) < 300; n++ {
		for _, c := range changes {
			c.Ref, c.Seq = fmt.Sprintf("%s-%d", c.Ref, n), c.Seq+int64(n)*100
			in.Changes = append(in.Changes, c)
		}
		for _, it := range calls {
			it.Call.Ref = fmt.Sprintf("%s-%d", it.Call.Ref, n)
			in.Calls = append(in.Calls, it)
		}
	}
	in.More = "https://utkik.example.org/"
	day, err := NewDay(in)
	if err != nil {
		b.Fatal(err)
	}
	ids := in.Plan.PriorityIDs()
	items, bytes := 0, 0
	for i := 0; b.Loop(); i++ {
		r := Reader{Name: "Kultur", Changes: in.Changes, Sources: in.Sources, Follows: []subscription.Subscription{
			{Priorities: []string{ids[i%len(ids)]}}, {Programmes: []string{[]string{"SMP", "CEF", "ERASMUS", "EU4H", "I3"}[i%5]}}}}
		d, err := day.Reader(&r, "sv")
		if err != nil {
			b.Fatal(err)
		}
		html, err := HTML(d)
		if err != nil {
			b.Fatal(err)
		}
		items += d.News()
		bytes += len(html) + len(Text(d))
	}
	b.ReportMetric(float64(items)/float64(b.N), "items/mail")
	b.ReportMetric(float64(bytes)/float64(b.N)/1024, "KB/mail")
}
