package digest

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// JSON gives everything that a digest knows, folded items too, in the shape that [Digest] documents.
func JSON(d Digest) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(d); err != nil {
		return nil, fmt.Errorf("digest %s %s: json: %v", d.Department, d.Date, err)
	}
	return b.Bytes(), nil
}
