// What a TorchScript archive does behind the network: decoding, suppression and scaling, as lib/eval does them.
//
// Source text, compiled when a model is exported. `self` has the attributes that torchscript.cpp registers. Numbers of
// boxes are float64 as in lib/eval, so both make the same decisions. Types are told by number, since names of Python's
// torch are unknown to LibTorch's compiler: 6 float32, 7 float64; memory format 2 is channels-last.
#pragma once

namespace fastbox::train {

constexpr const char* torchscript_decoding = R"python(
def decode(self, confidence: Tensor, box: Tensor) -> Tuple[Tensor, Tensor]:
    rows = box.size(0)
    columns = box.size(1)
    numbers = box.to(6).to(7)
    scores = confidence.to(6).to(7)
    if self.whole_pixels:
        numbers = torch.trunc(numbers)
    x = ((torch.arange(columns, dtype=7, device=box.device) + 0.5) * self.stride).view([1, columns]).expand([rows, columns])
    y = ((torch.arange(rows, dtype=7, device=box.device) + 0.5) * self.stride).view([rows, 1]).expand([rows, columns])
    boxes = torch.stack([numbers[:, :, 0] + x, numbers[:, :, 1] + y, numbers[:, :, 2], numbers[:, :, 3]], 2)
    wanted = scores > self.minimum_score
    if not self.whole_pixels:
        wanted = wanted & (numbers[:, :, 2] > 0) & (numbers[:, :, 3] > 0)
    return boxes[wanted], scores[wanted]

def overlaps(self, box: Tensor, others: Tensor) -> Tensor:
    left = torch.maximum(box[0] - box[2] / 2, others[:, 0] - others[:, 2] / 2)
    right = torch.minimum(box[0] + box[2] / 2, others[:, 0] + others[:, 2] / 2)
    top = torch.maximum(box[1] - box[3] / 2, others[:, 1] - others[:, 3] / 2)
    bottom = torch.minimum(box[1] + box[3] / 2, others[:, 1] + others[:, 3] / 2)
    shared = torch.clamp_min(right - left, 0) * torch.clamp_min(bottom - top, 0)
    return shared / (box[2] * box[3] + others[:, 2] * others[:, 3] - shared)

def standard(self, boxes: Tensor, scores: Tensor) -> Tuple[Tensor, Tensor]:
    order = torch.sort(scores, stable=True, dim=0, descending=True)[1]
    boxes = boxes[order]
    scores = scores[order]
    kept_boxes = [boxes[:0]]
    kept_scores = [scores[:0]]
    while boxes.size(0) > 0:
        kept_boxes.append(boxes[:1])
        kept_scores.append(scores[:1])
        apart = torch.logical_not(self.overlaps(boxes[0], boxes[1:]) > self.overlap_limit)
        boxes = boxes[1:][apart]
        scores = scores[1:][apart]
    return torch.cat(kept_boxes), torch.cat(kept_scores)

def soft(self, boxes: Tensor, scores: Tensor) -> Tuple[Tensor, Tensor]:
    kept_boxes = [boxes[:0]]
    kept_scores = [scores[:0]]
    while boxes.size(0) > 0:
        surest = int(torch.argmax(scores))
        box = boxes[surest]
        kept_boxes.append(boxes[surest:surest + 1])
        kept_scores.append(scores[surest:surest + 1])
        boxes = torch.cat([boxes[:surest], boxes[surest + 1:]])
        scores = torch.cat([scores[:surest], scores[surest + 1:]])
        overlap = self.overlaps(box, boxes)
        scores = scores * torch.exp(-overlap * overlap / self.soft_sigma)
        left = scores > self.minimum_score
        boxes = boxes[left]
        scores = scores[left]
    return torch.cat(kept_boxes), torch.cat(kept_scores)

def edge(self, value: float) -> float:
    if self.whole_pixels:
        return float(int(value))
    return value

def overlap_of(self, a: List[float], b: List[float]) -> float:
    left = self.edge(max(a[0] - a[2] / 2, b[0] - b[2] / 2))
    right = self.edge(min(a[0] + a[2] / 2, b[0] + b[2] / 2))
    top = self.edge(max(a[1] - a[3] / 2, b[1] - b[3] / 2))
    bottom = self.edge(min(a[1] + a[3] / 2, b[1] + b[3] / 2))
    shared = max(right - left, 0.0) * max(bottom - top, 0.0)
    together = a[2] * a[3] + b[2] * b[3] - shared
    if together == 0.0:
        return 0.0
    return shared / together

def nearest(self, one: List[float], accepted: List[List[float]]) -> int:
    found = -1
    least = 0
    for i in range(len(accepted)):
        other = accepted[i]
        x = abs(one[0] - other[0])
        y = abs(one[1] - other[1])
        if not (x > (one[2] + other[2]) / 1.5 or y > (one[3] + other[3]) / 2):
            if self.overlap_of(one, other) > self.overlap_limit:
                distance = int((x + y + abs(one[2] - other[2]) + abs(one[3] - other[3])) / 10)
                if found < 0 or distance < least:
                    found = i
                    least = distance
    return found

def stitch(self, boxes: Tensor, scores: Tensor) -> Tuple[Tensor, Tensor]:
    candidates : List[List[float]] = torch.cat([boxes, scores.unsqueeze(1)], 1).cpu().tolist()
    accepted : List[List[float]] = []
    written : List[float] = []
    for k in range(len(self.lower)):
        for one in candidates:
            if one[4] > self.lower[k]:
                other = self.nearest(one, accepted)
                if other < 0:
                    accepted.append(one)
                    written.append(one[4])
                elif (not (one[4] > self.upper[k])) and one[4] > accepted[other][4]:
                    if self.overlap_of(one, accepted[other]) > self.replacing_overlap:
                        written.pop(other)
                        written.append(accepted.pop(other)[4])
                        accepted.append(one)
    if len(accepted) == 0:
        return boxes[:0], scores[:0]
    kept = torch.tensor(accepted, dtype=7, device=boxes.device)
    return kept[:, :4], torch.tensor(written, dtype=7, device=boxes.device)

def suppressed(self, boxes: Tensor, scores: Tensor) -> Tuple[Tensor, Tensor]:
    if self.suppression == "stitch":
        return self.stitch(boxes, scores)
    if self.suppression == "soft":
        return self.soft(boxes, scores)
    return self.standard(boxes, scores)

def in_frame(self, boxes: Tensor, scores: Tensor, width: int, height: int) -> Tuple[Tensor, Tensor]:
    x = float(width) / float(self.width)
    y = float(height) / float(self.height)
    left = (boxes[:, 0] - boxes[:, 2] / 2) * x
    top = (boxes[:, 1] - boxes[:, 3] / 2) * y
    right = (boxes[:, 0] + boxes[:, 2] / 2) * x
    bottom = (boxes[:, 1] + boxes[:, 3] / 2) * y
    if not self.whole_pixels:
        left = torch.clamp_min(left, 0)
        top = torch.clamp_min(top, 0)
        right = torch.clamp_max(right, width - 1)
        bottom = torch.clamp_max(bottom, height - 1)
        seen = (right > left) & (bottom > top)
        return torch.stack([left, top, right, bottom], 1)[seen], scores[seen]
    return torch.stack([left, top, right, bottom], 1), scores

def at_temperature(self, scores: Tensor) -> Tensor:
    if self.temperature == 1.0:
        return scores
    # Six decimals first, as Detector does.
    return torch.sigmoid(torch.logit(torch.round(scores * 1e6) / 1e6, 1e-7) / self.temperature)

def detect(self, image: Tensor, width: int, height: int) -> Dict[str, Tensor]:
    confidence, box = self.network.forward(image)
    if not bool(torch.isfinite(confidence).all()) or not bool(torch.isfinite(box).all()):
        raise Exception("the network's output is not finite")
    boxes : List[Tensor] = []
    scores : List[Tensor] = []
    labels : List[Tensor] = []
    for label in range(confidence.size(3)):
        found, surety = self.decode(confidence[0, :, :, label], box[0])
        found, surety = self.suppressed(found, surety)
        found, surety = self.in_frame(found, surety, width, height)
        boxes.append(found)
        scores.append(self.at_temperature(surety))
        labels.append(torch.full([found.size(0)], label, dtype=4, device=found.device))
    return {"boxes": torch.cat(boxes), "scores": torch.cat(scores), "labels": torch.cat(labels)}

def forward(self, images: Tensor, frame_width: int = 0, frame_height: int = 0) -> List[Dict[str, Tensor]]:
    if images.dim() != 4 or images.size(1) != 3 or images.size(2) != self.height or images.size(3) != self.width:
        raise Exception(self.expected)
    width = self.width
    height = self.height
    if frame_width > 0 and frame_height > 0:
        width = frame_width
        height = frame_height
    found : List[Dict[str, Tensor]] = []
    for i in range(images.size(0)):
        image = images[i:i + 1].to(self.input_type).contiguous(memory_format=2)
        found.append(self.detect(image, width, height))
    return found
)python";

}  // namespace fastbox::train
