/*
 * Vulkan layer: asks the driver what it made of each compute pipeline (VK_KHR_pipeline_executable_properties), statistics and
 * machine code, and appends one line of JSON per pipeline to the file named by PIPELINE_REPORT:
 *
 *   [{"name": "compute", "subgroupSize": 32, "statistics": {"Spills": 0, …}, "workgroupMemory": 0,
 *     "code": {"Assembly": "…"}}]
 *
 * WebGPU implementations never ask, so the layer also switches the extension on. One instance and one device at a time.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vulkan/vulkan.h>
#include <vulkan/vk_layer.h>

static const char EXTENSION[] = VK_KHR_PIPELINE_EXECUTABLE_PROPERTIES_EXTENSION_NAME;

static VkInstance instance;
static PFN_vkGetInstanceProcAddr next_instance_address;
static PFN_vkGetDeviceProcAddr next_device_address;
static PFN_vkCreateComputePipelines create_pipelines;
static PFN_vkGetPipelineExecutablePropertiesKHR get_executables;
static PFN_vkGetPipelineExecutableStatisticsKHR get_statistics;
static PFN_vkGetPipelineExecutableInternalRepresentationsKHR get_representations;

/* Zeroed structures of one type, as Vulkan wants to be given them. All of ours begin with sType. */
static void *structures(uint32_t count, size_t size, VkStructureType type) {
  char *all = calloc(count ? count : 1, size);
  for (uint32_t i = 0; i < count; i++) ((VkBaseOutStructure *)(all + i * size))->sType = type;
  return all;
}

static void write_text(FILE *out, const char *text, size_t length) {
  fputc('"', out);
  for (size_t i = 0; i < length && text[i]; i++) {
    unsigned char c = text[i];
    if (c == '"' || c == '\\') fprintf(out, "\\%c", c);
    else if (c < 0x20) fprintf(out, "\\u%04x", c);
    else fputc(c, out);
  }
  fputc('"', out);
}

static void write_statistics(FILE *out, VkDevice device, const VkPipelineExecutableInfoKHR *executable) {
  uint32_t count = 0;
  get_statistics(device, executable, &count, NULL);
  VkPipelineExecutableStatisticKHR *all =
    structures(count, sizeof *all, VK_STRUCTURE_TYPE_PIPELINE_EXECUTABLE_STATISTIC_KHR);
  get_statistics(device, executable, &count, all);
  for (uint32_t i = 0; i < count; i++) {
    if (i) fputc(',', out);
    write_text(out, all[i].name, sizeof all[i].name);
    switch (all[i].format) {
    case VK_PIPELINE_EXECUTABLE_STATISTIC_FORMAT_BOOL32_KHR: fprintf(out, ":%u", all[i].value.b32); break;
    case VK_PIPELINE_EXECUTABLE_STATISTIC_FORMAT_INT64_KHR: fprintf(out, ":%lld", (long long)all[i].value.i64); break;
    case VK_PIPELINE_EXECUTABLE_STATISTIC_FORMAT_UINT64_KHR:
      fprintf(out, ":%llu", (unsigned long long)all[i].value.u64);
      break;
    default: fprintf(out, ":%g", all[i].value.f64);
    }
  }
  free(all);
}

/* Machine code alone: intermediate languages take megabytes. */
static int is_machine_code(const VkPipelineExecutableInternalRepresentationKHR *one) {
  return one->isText && (strstr(one->name, "ssembly") || strstr(one->name, "asm"));
}

static void write_representations(FILE *out, VkDevice device, const VkPipelineExecutableInfoKHR *executable) {
  uint32_t count = 0;
  get_representations(device, executable, &count, NULL);
  VkPipelineExecutableInternalRepresentationKHR *all =
    structures(count, sizeof *all, VK_STRUCTURE_TYPE_PIPELINE_EXECUTABLE_INTERNAL_REPRESENTATION_KHR);
  /* The first call tells names and sizes, the second fills in the texts. */
  get_representations(device, executable, &count, all);
  for (uint32_t i = 0; i < count; i++) all[i].pData = calloc(1, all[i].dataSize + 1);
  get_representations(device, executable, &count, all);
  int written = 0;
  const char *shared = NULL;
  for (uint32_t i = 0; i < count; i++) {
    const char *found = all[i].isText ? strstr(all[i].pData, "shared_size: ") : NULL;
    if (found) shared = found;
  }
  /* Where the statistics leave it out, the intermediate languages tell it. */
  if (shared) fprintf(out, "\"workgroupMemory\":%d,", atoi(shared + strlen("shared_size: ")));
  fputs("\"code\":{", out);
  for (uint32_t i = 0; i < count; i++) {
    if (is_machine_code(&all[i])) {
      if (written++) fputc(',', out);
      write_text(out, all[i].name, sizeof all[i].name);
      fputc(':', out);
      write_text(out, all[i].pData, all[i].dataSize);
    }
    free(all[i].pData);
  }
  free(all);
}

static void report(FILE *out, VkDevice device, VkPipeline pipeline) {
  VkPipelineInfoKHR info = {VK_STRUCTURE_TYPE_PIPELINE_INFO_KHR, NULL, pipeline};
  uint32_t count = 0;
  get_executables(device, &info, &count, NULL);
  VkPipelineExecutablePropertiesKHR *all =
    structures(count, sizeof *all, VK_STRUCTURE_TYPE_PIPELINE_EXECUTABLE_PROPERTIES_KHR);
  get_executables(device, &info, &count, all);
  fputc('[', out);
  for (uint32_t i = 0; i < count; i++) {
    VkPipelineExecutableInfoKHR executable = {VK_STRUCTURE_TYPE_PIPELINE_EXECUTABLE_INFO_KHR, NULL, pipeline, i};
    fprintf(out, "%s{\"name\":", i ? "," : "");
    write_text(out, all[i].name, sizeof all[i].name);
    fprintf(out, ",\"subgroupSize\":%u,\"statistics\":{", all[i].subgroupSize);
    write_statistics(out, device, &executable);
    fputs("},", out);
    write_representations(out, device, &executable);
    fputs("}}", out);
  }
  fputs("]\n", out);
  free(all);
}

static VKAPI_ATTR VkResult VKAPI_CALL create_compute_pipelines(
  VkDevice device, VkPipelineCache cache, uint32_t count, const VkComputePipelineCreateInfo *wanted,
  const VkAllocationCallbacks *allocator, VkPipeline *made
) {
  VkComputePipelineCreateInfo *asked = malloc(count * sizeof *asked);
  memcpy(asked, wanted, count * sizeof *asked);
  for (uint32_t i = 0; i < count; i++) {
    asked[i].flags |=
      VK_PIPELINE_CREATE_CAPTURE_STATISTICS_BIT_KHR | VK_PIPELINE_CREATE_CAPTURE_INTERNAL_REPRESENTATIONS_BIT_KHR;
  }
  (void)cache; /* NVK cannot keep machine code in a cache, and then fails to write it out. */
  VkResult result = create_pipelines(device, VK_NULL_HANDLE, count, asked, allocator, made);
  free(asked);
  const char *path = getenv("PIPELINE_REPORT");
  FILE *out = path && result == VK_SUCCESS && get_executables ? fopen(path, "a") : NULL;
  if (out) {
    for (uint32_t i = 0; i < count; i++) report(out, device, made[i]);
    fclose(out);
  }
  return result;
}

/* The loader's link to the next layer, in the chain behind a create info. Both kinds have the same beginning. */
static VkLayerDeviceCreateInfo *link_in(const void *chain, VkStructureType type) {
  VkLayerDeviceCreateInfo *link = (void *)chain;
  while (link && !(link->sType == type && link->function == VK_LAYER_LINK_INFO)) link = (void *)link->pNext;
  return link;
}

static VKAPI_ATTR VkResult VKAPI_CALL create_instance(
  const VkInstanceCreateInfo *wanted, const VkAllocationCallbacks *allocator, VkInstance *made
) {
  VkLayerInstanceCreateInfo *link =
    (void *)link_in(wanted->pNext, VK_STRUCTURE_TYPE_LOADER_INSTANCE_CREATE_INFO);
  if (!link) return VK_ERROR_INITIALIZATION_FAILED;
  next_instance_address = link->u.pLayerInfo->pfnNextGetInstanceProcAddr;
  link->u.pLayerInfo = link->u.pLayerInfo->pNext;
  PFN_vkCreateInstance create = (PFN_vkCreateInstance)next_instance_address(NULL, "vkCreateInstance");
  VkResult result = create(wanted, allocator, made);
  instance = *made;
  return result;
}

static VKAPI_ATTR VkResult VKAPI_CALL create_device(
  VkPhysicalDevice physical, const VkDeviceCreateInfo *wanted, const VkAllocationCallbacks *allocator, VkDevice *made
) {
  VkLayerDeviceCreateInfo *link = link_in(wanted->pNext, VK_STRUCTURE_TYPE_LOADER_DEVICE_CREATE_INFO);
  if (!link) return VK_ERROR_INITIALIZATION_FAILED;
  next_device_address = link->u.pLayerInfo->pfnNextGetDeviceProcAddr;
  PFN_vkGetInstanceProcAddr address = link->u.pLayerInfo->pfnNextGetInstanceProcAddr;
  link->u.pLayerInfo = link->u.pLayerInfo->pNext;

  VkDeviceCreateInfo asked = *wanted;
  const char **extensions = calloc(wanted->enabledExtensionCount + 1, sizeof *extensions);
  for (uint32_t i = 0; i < wanted->enabledExtensionCount; i++) extensions[i] = wanted->ppEnabledExtensionNames[i];
  extensions[asked.enabledExtensionCount++] = EXTENSION;
  asked.ppEnabledExtensionNames = extensions;
  VkPhysicalDevicePipelineExecutablePropertiesFeaturesKHR feature = {
    VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PIPELINE_EXECUTABLE_PROPERTIES_FEATURES_KHR, (void *)wanted->pNext, VK_TRUE
  };
  asked.pNext = &feature;
  VkResult result = ((PFN_vkCreateDevice)address(instance, "vkCreateDevice"))(physical, &asked, allocator, made);
  free(extensions);
  if (result != VK_SUCCESS) {
    fprintf(stderr, "pipeline report: the driver gives no device with %s (%d)\n", EXTENSION, result);
    return result;
  }
#define NEXT(name) (PFN_##name) next_device_address(*made, #name)
  create_pipelines = NEXT(vkCreateComputePipelines);
  get_executables = NEXT(vkGetPipelineExecutablePropertiesKHR);
  get_statistics = NEXT(vkGetPipelineExecutableStatisticsKHR);
  get_representations = NEXT(vkGetPipelineExecutableInternalRepresentationsKHR);
  return result;
}

static VKAPI_ATTR PFN_vkVoidFunction VKAPI_CALL device_address(VkDevice device, const char *name) {
  if (!strcmp(name, "vkGetDeviceProcAddr")) return (PFN_vkVoidFunction)device_address;
  if (!strcmp(name, "vkCreateComputePipelines")) return (PFN_vkVoidFunction)create_compute_pipelines;
  return next_device_address(device, name);
}

/* What the loader looks for in the library. */
VKAPI_ATTR PFN_vkVoidFunction VKAPI_CALL vkGetDeviceProcAddr(VkDevice device, const char *name) {
  return device_address(device, name);
}

VKAPI_ATTR PFN_vkVoidFunction VKAPI_CALL vkGetInstanceProcAddr(VkInstance of, const char *name) {
  if (!strcmp(name, "vkGetInstanceProcAddr")) return (PFN_vkVoidFunction)vkGetInstanceProcAddr;
  if (!strcmp(name, "vkCreateInstance")) return (PFN_vkVoidFunction)create_instance;
  if (!strcmp(name, "vkCreateDevice")) return (PFN_vkVoidFunction)create_device;
  if (!strcmp(name, "vkGetDeviceProcAddr")) return (PFN_vkVoidFunction)device_address;
  return next_instance_address ? next_instance_address(of, name) : NULL;
}
