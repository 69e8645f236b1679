package haveyoursay

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"utkik/crawler/kind"
	"utkik/internal/call"
	"utkik/internal/text"
)

// detail is what we read of an initiative's own answer. It holds no opening date.
type detail struct {
	ID           number        `json:"id"`
	Summary      string        `json:"dossierSummary"`
	Publications []publication `json:"publications"`
}

type publication struct {
	Feedback  string          `json:"receivingFeedbackStatus"`
	Objective json.RawMessage `json:"consultationObjective"` // text, where it is stated
}

// parseDetail reads the answer for the initiative ref as a part: its text. Title, status and dates are the list's,
// always: the detail also speaks of stages that are over.
func parseDetail(src kind.Source, ref string, body []byte) (kind.Page, error) {
	const want = "id, dossierSummary, publications"
	var d detail
	if err := json.Unmarshal(body, &d); err != nil {
		return kind.Page{}, wrong(body, want, err)
	}
	if d.ID == 0 {
		return kind.Page{}, wrong(body, want, nil)
	}
	p := kind.Page{Total: -1}
	if got := strconv.FormatInt(int64(d.ID), 10); got != ref {
		return kind.Page{}, fmt.Errorf("initiative %s was asked for, %s came", ref, got)
	}
	paragraphs := []string{text.FromHTML(d.Summary)}
	for _, pub := range d.Publications {
		if pub.Feedback != feedbackOpen && pub.Feedback != feedbackUpcoming {
			continue
		}
		var s string
		if json.Unmarshal(pub.Objective, &s) == nil {
			if t := text.FromHTML(s); !slices.Contains(paragraphs, t) {
				paragraphs = append(paragraphs, t)
			}
		}
	}
	paragraphs = slices.DeleteFunc(paragraphs, func(s string) bool { return s == "" })
	if len(paragraphs) == 0 {
		return p, nil // an initiative without summary: there is nothing to fill
	}
	p.Items = []kind.Item{{Fill: true, Call: call.Call{
		Source: src.ID, Ref: ref, Kind: call.KindConsultation, Text: strings.Join(paragraphs, "\n\n"),
	}}}
	return p, nil
}
