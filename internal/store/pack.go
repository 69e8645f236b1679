package store

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"sync"

	"github.com/klauspost/compress/zstd"

	"utkik/internal/call"
)

// maxUnpacked is the most that one stored value may hold, so that a damaged one cannot take all memory.
const maxUnpacked = 1 << 30

// The coders keep no state between two calls and serve all goroutines. Fastest: on texts of calls the next
// level saves 3 % of the space, and takes longer for it.
var (
	packer = sync.OnceValues(func() (*zstd.Encoder, error) {
		return zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithZeroFrames(true),
			zstd.WithLowerEncoderMem(true))
	})
	unpacker = sync.OnceValues(func() (*zstd.Decoder, error) {
		return zstd.NewReader(nil, zstd.WithDecoderMaxMemory(maxUnpacked), zstd.WithDecoderConcurrency(0))
	})
)

// pack compresses b; never to nil.
func pack(b []byte) ([]byte, error) {
	enc, err := packer()
	if err != nil {
		return nil, err
	}
	return enc.EncodeAll(b, make([]byte, 0, len(b)/2+64)), nil
}

// unpack gives what pack was given. A damaged value is an error: it carries a checksum.
func unpack(b []byte) ([]byte, error) {
	dec, err := unpacker()
	if err != nil {
		return nil, err
	}
	out, err := dec.DecodeAll(b, nil)
	if err != nil {
		return nil, fmt.Errorf("a stored text is damaged: put a backup of the data folder in its place: %v", err)
	}
	return out, nil
}

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// packCall gives the exchange form of c, compressed, and its hash.
func packCall(c *call.Call) (body []byte, hash string, err error) {
	line, err := call.Encode(c)
	if err != nil {
		return nil, "", err
	}
	body, err = pack(line)
	return body, digest(line), err
}

// unpackCall reads what packCall wrote. Unlike [call.Decode] it takes what is not valid, and keys that the
// program no longer knows: quarantine holds the one, old versions may hold the other.
func unpackCall(body []byte) (call.Call, error) {
	line, err := unpack(body)
	if err != nil {
		return call.Call{}, err
	}
	var c call.Call
	if err := json.Unmarshal(line, &c); err != nil {
		return call.Call{}, fmt.Errorf("a stored call cannot be read: %v", err)
	}
	return c, nil
}
