package demo

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
)

// Have Your Say. Its habits, as they were seen: without language or page it fails, sort is not acceptable, pages are
// cut to 100, of all filters feedbackStatus and topic are honoured, numbers come as floats.

// initiatives lists them, in the order of their numbers.
func (p *Portal) initiatives(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	page, err := strconv.Atoi(q.Get("page"))
	switch {
	case q.Has("sort"):
		answer(w, r, http.StatusNotAcceptable, map[string]string{"error": "Not Acceptable"})
		return
	case err != nil || page < 0 || page > 1<<20 || q.Get("language") == "":
		answer(w, r, http.StatusInternalServerError, map[string]string{"error": "general_error"})
		return
	}
	var hits []consultation
	for _, c := range p.today().consultations {
		status, code := q.Get("feedbackStatus"), q.Get("topic")
		if (status == "" || slices.ContainsFunc(c.Periods, func(d period) bool { return d.Status == status })) &&
			(code == "" || slices.ContainsFunc(c.Topics, func(t topic) bool { return t.Code == code })) {
			hits = append(hits, c)
		}
	}
	slices.SortFunc(hits, func(a, b consultation) int { return cmp.Compare(a.ID, b.ID) })
	size := min(positive(q.Get("size"), 10), pageCap)
	shown := hits[min(page*size, len(hits)):min((page+1)*size, len(hits))]
	rows := make([]initiative, 0, len(shown))
	for _, c := range shown {
		rows = append(rows, c.row())
	}
	answer(w, r, http.StatusOK, map[string]any{"exactMatch": false, "initiativeResultDtoPage": map[string]any{
		"content": rows, "totalElements": len(hits), "totalPages": (len(hits) + size - 1) / size, "number": page, "size": size,
		"numberOfElements": len(rows), "first": page == 0, "last": (page+1)*size >= len(hits), "empty": len(rows) == 0,
	}})
}

type initiative struct {
	ID           float         `json:"id"`
	Status       string        `json:"initiativeStatus"`
	Reference    string        `json:"reference"`
	Act          string        `json:"foreseenActType"`
	Title        string        `json:"shortTitle"`
	Periods      []feedback    `json:"currentStatuses"`
	Topics       []topic       `json:"topics"`
	Translations []translation `json:"initiativeTranslations"`
}

type feedback struct {
	Stage   string `json:"frontEndStage"`
	Status  string `json:"receivingFeedbackStatus"`
	Start   string `json:"feedbackStartDate"`
	End     string `json:"feedbackEndDate"`
	Current bool   `json:"isCurrent"`
}

type translation struct {
	Field    string `json:"field"`
	Language string `json:"language"`
	Value    string `json:"value"`
}

// float is a whole number that the portal writes as 18805.0.
type float int

func (f float) MarshalJSON() ([]byte, error) {
	return append(strconv.AppendInt(nil, int64(f), 10), ".0"...), nil
}

func (c consultation) row() initiative {
	row := initiative{ID: float(c.ID), Status: "ACTIVE", Reference: c.Reference, Act: c.Act, Title: c.Title, Topics: c.Topics, Translations: []translation{}}
	for i, d := range c.Periods {
		// One is current, whatever runs beside it: the last.
		row.Periods = append(row.Periods, feedback{d.Stage, d.Status, d.Start, d.End, i == len(c.Periods)-1})
	}
	row.Translations = append(row.Translations, translation{"SHORT_TITLE", "EN", c.Title})
	if c.SV != "" {
		row.Translations = append(row.Translations, translation{"SHORT_TITLE", "SV", c.SV})
	}
	return row
}

// initiative is the detail of one. It has no opening date, as the portal's has none.
func (p *Portal) initiative(w http.ResponseWriter, r *http.Request) {
	i := slices.IndexFunc(p.today().consultations, func(c consultation) bool { return strconv.Itoa(c.ID) == r.PathValue("id") })
	if i < 0 {
		notFound(w, r)
		return
	}
	c := p.today().consultations[i]
	type publication struct {
		ID       int    `json:"id"`
		Type     string `json:"type"`
		Stage    string `json:"frontEndStage"`
		Status   string `json:"receivingFeedbackStatus"`
		End      string `json:"endDate"`
		Current  bool   `json:"isCurrent"`
		Feedback int    `json:"totalFeedback"`
	}
	var publications []publication
	for i, d := range c.Periods {
		typ := d.Stage
		if typ == "PLANNING_WORKFLOW" {
			typ = "CFE_IMPACT_ASSESS"
		}
		publications = append(publications, publication{c.ID*10 + i, typ, d.Stage, d.Status, d.End, i == len(c.Periods)-1, 0})
	}
	row := c.row()
	answer(w, r, http.StatusOK, map[string]any{
		"id": c.ID, "reference": c.Reference, "shortTitle": c.Title, "foreseenActType": c.Act, "initiativeStatus": "ACTIVE",
		"dossierSummary": asHTML(c.Text), "stage": row.Periods[len(row.Periods)-1].Stage, "topics": c.Topics, "policyAreas": []string{},
		"publications": publications,
	})
}
