package mail

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"utkik/internal/outbox"
	"utkik/internal/outbox/outboxtest"
)

// BenchmarkSend sends mails of the size of a digest over 4 connections.
func BenchmarkSend(b *testing.B) {
	f := listen(b)
	s := f.sender(func(c *Config) { c.Connections = 4 })
	line := "Sista dag: torsdag 21 maj 2026, om 28 dagar. Området: ”Länet ska bli mer känt som resmål.”\n"
	text, html := strings.Repeat(line, 150), strings.Repeat("<p style=\"margin:0 0 2px 0; color:#1c2733;\">"+line+"</p>", 300)
	feed := make(chan *outbox.Message)
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for m := range feed {
				if _, err := s.Send(b.Context(), m); err != nil {
					b.Error(err)
				}
			}
		})
	}
	i := 0
	for b.Loop() {
		i++
		m := outboxtest.Message(fmt.Sprintf("r%d@example.org", i))
		m.Text, m.HTML = text, html
		feed <- m
	}
	close(feed)
	all.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "mails/s")
}
